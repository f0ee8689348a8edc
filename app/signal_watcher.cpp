#include "app/signal_watcher.hpp"

#include <utility>

#include <pthread.h>

namespace quern::app {
namespace {

bool is_ignored(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

SignalWatcher::SignalWatcher(std::function<void(int)> on_signal) : on_signal_(std::move(on_signal)) {
  sigemptyset(&watched_);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    // sigwait() would return a blocked signal even where it is ignored, so these stay out.
    if (!is_ignored(signal)) sigaddset(&watched_, signal);
  }
  // SIGURG does nothing by default and is used by nobody here: the destructor's way to end sigwait().
  sigaddset(&watched_, SIGURG);
  pthread_sigmask(SIG_BLOCK, &watched_, &previous_);
  thread_ = std::thread([this] { watch(); });
}

SignalWatcher::~SignalWatcher() {
  stopping_.store(true, std::memory_order_release);  // pairs with the load in watch()
  pthread_kill(thread_.native_handle(), SIGURG);
  thread_.join();
  pthread_sigmask(SIG_SETMASK, &previous_, nullptr);
}

void SignalWatcher::watch() {
  for (;;) {
    int signal = 0;
    if (sigwait(&watched_, &signal) != 0) return;
    if (stopping_.load(std::memory_order_acquire)) return;
    if (signal != SIGURG) on_signal_(signal);
  }
}

}  // namespace quern::app

#include "app/signal_watcher.hpp"

#include <utility>

#include <pthread.h>

namespace quern::app {

SignalWatcher::SignalWatcher(std::function<void(int)> on_signal) : on_signal_(std::move(on_signal)) {
  sigemptyset(&watched_);
  // SIGURG is ignored by default and used by nobody here: the destructor's way to end sigwait().
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGURG}) sigaddset(&watched_, signal);
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

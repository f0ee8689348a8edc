#include "app/signal_watcher.hpp"

#include <future>

#include <gtest/gtest.h>
#include <unistd.h>

namespace quern::app {
namespace {

TEST(SignalWatcher, CallsOnItsOwnThread) {
  std::promise<int> got;
  std::promise<std::thread::id> thread;
  const SignalWatcher watcher([&](int signal) {
    thread.set_value(std::this_thread::get_id());
    got.set_value(signal);
  });
  ::kill(::getpid(), SIGTERM);
  EXPECT_EQ(got.get_future().get(), SIGTERM);
  EXPECT_NE(thread.get_future().get(), std::this_thread::get_id());
}

TEST(SignalWatcher, IgnoredSignalsStayIgnored) {
  ::signal(SIGHUP, SIG_IGN);
  std::promise<int> first;
  {
    const SignalWatcher watcher([&](int signal) { first.set_value(signal); });
    ::kill(::getpid(), SIGHUP);
    ::kill(::getpid(), SIGTERM);
    EXPECT_EQ(first.get_future().get(), SIGTERM);
  }
  ::signal(SIGHUP, SIG_DFL);
}

TEST(SignalWatcher, GivesTheSignalMaskBack) {
  sigset_t before{}, after{};
  pthread_sigmask(SIG_BLOCK, nullptr, &before);
  {
    const SignalWatcher watcher([](int) {});
  }
  pthread_sigmask(SIG_BLOCK, nullptr, &after);
  EXPECT_EQ(sigismember(&before, SIGTERM), sigismember(&after, SIGTERM));
}

}  // namespace
}  // namespace quern::app

// SIGINT, SIGTERM and SIGHUP as calls on a thread of their own, where everything is allowed that a signal handler may
// not do. The signals are blocked in the creating thread, and so in every thread that it starts later: create this
// first. A signal that the parent process set to "ignored" (nohup) stays ignored. Threads: the callback runs on the
// watcher's thread, one signal at a time. Ownership: the destructor joins it.
#pragma once

#include <atomic>
#include <csignal>
#include <functional>
#include <thread>

namespace quern::app {

class SignalWatcher {
 public:
  explicit SignalWatcher(std::function<void(int signal)> on_signal);
  ~SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

 private:
  void watch();

  std::function<void(int)> on_signal_;
  sigset_t watched_{}, previous_{};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace quern::app

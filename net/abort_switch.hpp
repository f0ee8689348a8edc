// Ends what a coroutine waits for, from outside of it: whoever begins to wait says how to be woken. Threads: one at a
// time.
#pragma once

#include <functional>
#include <utility>

namespace quern::net {

class AbortSwitch {
 public:
  bool aborted() const noexcept { return aborted_; }
  void abort() {
    aborted_ = true;
    if (wake_) wake_();
  }
  // Of the next wait; stays until another one is set. Empty: nothing waits.
  void set_wake(std::function<void()> wake) { wake_ = std::move(wake); }

 private:
  bool aborted_ = false;
  std::function<void()> wake_;
};

}  // namespace quern::net

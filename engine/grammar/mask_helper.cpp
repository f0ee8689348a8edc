#include "engine/grammar/mask_helper.hpp"

#include "engine/grammar/constraint.hpp"

#include <utility>

namespace quern::engine::grammar {

MaskHelper& MaskHelper::instance() {
  static MaskHelper helper;
  return helper;
}

MaskHelper::MaskHelper() : thread_([this] { run(); }) {}

MaskHelper::~MaskHelper() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  ready_.notify_one();
  thread_.join();
}

void MaskHelper::post(std::shared_ptr<Constraint> constraint) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(constraint));
  }
  ready_.notify_one();
}

void MaskHelper::run() noexcept {
  std::unique_lock lock(mutex_);
  for (;;) {
    ready_.wait(lock, [this] { return stop_ || !waiting_.empty(); });
    if (stop_) return;
    const std::shared_ptr<Constraint> next = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    next->run_waiting();
    lock.lock();
  }
}

}  // namespace quern::engine::grammar

// A thread that computes masks while the engine computes logits. Threads: any. It starts with the first constraint and
// ends with the process.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

namespace quern::engine::grammar {

class Constraint;

class MaskHelper {
 public:
  static MaskHelper& instance();

  void post(std::shared_ptr<Constraint> constraint);

  MaskHelper(const MaskHelper&) = delete;
  MaskHelper& operator=(const MaskHelper&) = delete;

 private:
  MaskHelper();
  ~MaskHelper();
  void run() noexcept;

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::shared_ptr<Constraint>> waiting_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace quern::engine::grammar

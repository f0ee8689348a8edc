#include "server/pipeline/helper_pool.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace quern::server {
namespace {

constexpr int kNiceBelow = 10, kMostNice = 19;  // below what this process has
constexpr std::uint32_t kMinThreads = 2, kMaxThreads = 4, kCoresPerThread = 8;

// Of the calling thread alone. A system that refuses gets helpers that compete with the engine as equals.
void step_back() {
  pthread_setname_np(pthread_self(), "quern-helper");
  const sched_param none{};
  const auto self = static_cast<id_t>(::syscall(SYS_gettid));
  const int nice = std::min(::getpriority(PRIO_PROCESS, self) + kNiceBelow, kMostNice);
  if (::sched_setscheduler(0, SCHED_BATCH, &none) != 0 || ::setpriority(PRIO_PROCESS, self, nice) != 0) {
    log::debug("helper threads keep their priority: {}", std::strerror(errno));
  }
}

}  // namespace

std::uint32_t HelperPool::default_threads() noexcept {
  return std::clamp(std::thread::hardware_concurrency() / kCoresPerThread, kMinThreads, kMaxThreads);
}

HelperPool::HelperPool(std::uint32_t n_threads, std::uint32_t max_waiting) : max_waiting_(max_waiting) {
  for (std::uint32_t i = 0; i < std::max(n_threads, 1u); ++i) threads_.emplace_back([this] { run(); });
}

HelperPool::~HelperPool() {
  std::vector<Waiting> left;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    left.swap(waiting_);
  }
  changed_.notify_all();
  for (const Waiting& entry : left) entry.job->drop();
  for (std::thread& thread : threads_) thread.join();
}

bool HelperPool::add(std::shared_ptr<Job> job, std::uint64_t cost, bool must) {
  {
    const std::lock_guard lock(mutex_);
    if (ending_ || (!must && waiting_.size() >= max_waiting_)) return false;
    waiting_.push_back({std::move(job), handed_out_ + cost, cost});
  }
  changed_.notify_one();
  return true;
}

void HelperPool::cancel(Job& job) {
  job.ask_to_end();
  std::shared_ptr<Job> found;
  {
    const std::lock_guard lock(mutex_);
    const auto it =
        std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiting& w) { return w.job.get() == &job; });
    if (it == waiting_.end()) return;
    found = std::move(it->job);
    waiting_.erase(it);
  }
  found->drop();
}

std::size_t HelperPool::n_waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

std::uint64_t HelperPool::n_begun() const {
  const std::lock_guard lock(mutex_);
  return n_begun_;
}

std::shared_ptr<Job> HelperPool::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
  if (ending_) return nullptr;
  const auto first = std::min_element(waiting_.begin(), waiting_.end(),
                                      [](const Waiting& a, const Waiting& b) { return a.turn < b.turn; });
  std::shared_ptr<Job> job = std::move(first->job);
  handed_out_ += first->cost;
  ++n_begun_;
  waiting_.erase(first);
  return job;
}

void HelperPool::run() {
  step_back();
  while (const std::shared_ptr<Job> job = next()) job->run();
}

}  // namespace quern::server

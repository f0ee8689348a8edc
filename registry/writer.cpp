#include "registry/writer.hpp"

#include <exception>
#include <utility>

namespace quern::registry {

Writer::Writer(sqlite::Database database) : database_(std::move(database)), thread_([this] { loop(); }) {}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

std::future<Status> Writer::submit(Job job) {
  Entry entry{std::move(job), {}};
  std::future<Status> out = entry.done.get_future();
  {
    const std::lock_guard lock(mutex_);
    if (entries_.size() >= kMaxJobs) {
      entry.done.set_value(
          fail(Errc::overloaded, "registry: {} changes wait to be written, which is the most", kMaxJobs));
      return out;
    }
    entries_.push_back(std::move(entry));
  }
  changed_.notify_one();
  return out;
}

void Writer::loop() {
  for (;;) {
    Entry entry;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return ending_ || !entries_.empty(); });
      if (entries_.empty()) return;
      entry = std::move(entries_.front());
      entries_.pop_front();
    }
    entry.done.set_value(run_one(entry.job));
  }
}

Status Writer::run_one(const Job& job) try {
  QUERN_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(database_));
  QUERN_CHECK(job(database_));
  return transaction.commit();
} catch (const std::exception& e) {
  return fail(Errc::io, "registry: a change could not be written: {}", e.what());
}

}  // namespace quern::registry

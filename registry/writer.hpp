// The one thread that writes the registry: it owns the connection for that, and runs jobs in their order, each in a
// transaction that is undone where the job fails. Threads: submit() from any. Other processes have writers of their
// own; SQLite makes them wait for each other.
#pragma once

#include "base/result.hpp"
#include "base/sqlite.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>

namespace quern::registry {

class Writer {
 public:
  using Job = std::function<Status(sqlite::Database&)>;

  explicit Writer(sqlite::Database database);
  ~Writer();  // runs what was submitted
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Errors of the future: those of the job; io where SQLite refused; overloaded where kMaxJobs wait already.
  std::future<Status> submit(Job job);
  Status run(Job job) { return submit(std::move(job)).get(); }

 private:
  static constexpr std::size_t kMaxJobs = 4096;
  struct Entry {
    Job job;
    std::promise<Status> done;
  };
  void loop();
  Status run_one(const Job& job);

  sqlite::Database database_;  // of the thread alone
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Entry> entries_;  // guarded by mutex_
  bool ending_ = false;        // guarded by mutex_
  std::thread thread_;
};

}  // namespace quern::registry

// What the server was asked and how that ended, one row for each request, in an SQLite file that outlives it. Bodies
// are kept only where that is wanted, and no more of each than is wanted. A thread of its own writes: put() never
// waits, and where the disk is too slow rows are dropped and counted. Threads: any; recent() and find() may take
// milliseconds: they belong on a helper thread. Limits: the oldest rows go where all take more than max_bytes.
#pragma once

#include "base/result.hpp"
#include "base/sqlite.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace quern::server {

struct Activity {
  std::int64_t id = 0;  // in the order of their ends; given by the log
  std::int64_t at_unix_ms = 0;
  std::string request_id, tenant;
  std::string endpoint;   // "POST /v1/chat/completions"
  std::string model;      // empty: it did not get that far
  unsigned status = 0;    // of the answer's head
  bool finished = false;  // the answer came to its own end
  std::string error;      // what clients were told
  std::uint64_t prompt_tokens = 0, cached_tokens = 0, completion_tokens = 0;
  double total_s = 0, queued_s = 0, prefill_s = 0, decode_s = 0;
  std::string request, answer;                        // their first bytes, where bodies are kept
  std::uint64_t request_bytes = 0, answer_bytes = 0;  // all of them
};

struct ActivityQuery {
  std::string model, tenant;  // empty: of all
  bool failed = false;        // only those with an error or without an end
  std::int64_t before = 0;    // ids below; 0: from the newest on
  std::uint32_t limit = 100;
};

struct ActivityLogOptions {
  std::string path;  // of a file, created with mode 0600
  std::uint64_t max_bytes = 256u << 20;
  std::uint64_t body_bytes = 0;  // of each request and of each answer; 0: none
};

class ActivityLog {
 public:
  // Errors: io naming the path, corrupt where the file is no log of ours.
  static Result<std::unique_ptr<ActivityLog>> open(ActivityLogOptions options);
  ~ActivityLog();  // writes what was put
  ActivityLog(const ActivityLog&) = delete;
  ActivityLog& operator=(const ActivityLog&) = delete;

  std::uint64_t body_bytes() const noexcept { return options_.body_bytes; }
  void put(Activity activity);
  std::uint64_t n_dropped() const noexcept { return n_dropped_.load(std::memory_order_relaxed); }

  // The newest first, without bodies. Errors: io, corrupt.
  Result<std::vector<Activity>> recent(const ActivityQuery& query);
  // With bodies. Errors: not_found naming "id"; io, corrupt.
  Result<Activity> find(std::int64_t id);

 private:
  ActivityLog(ActivityLogOptions options, sqlite::Database database)
      : options_(std::move(options)), database_(std::move(database)) {}
  Status create_tables();
  void run(const std::stop_token& stop);
  void write(std::deque<Activity> batch);
  Status write_all(const std::deque<Activity>& batch);
  Status forget_old();

  const ActivityLogOptions options_;
  std::mutex database_mutex_;
  sqlite::Database database_;        // guarded by database_mutex_
  std::uint64_t written_bytes_ = 0;  // since the last look at all of them; guarded by database_mutex_
  std::mutex mutex_;
  std::condition_variable_any came_, taken_;
  std::deque<Activity> pending_;             // guarded by mutex_
  std::uint64_t pending_bytes_ = 0;          // of them
  std::uint64_t n_put_ = 0, n_written_ = 0;  // guarded by mutex_
  std::atomic<std::uint64_t> n_dropped_{0};
  std::jthread writer_;
};

}  // namespace quern::server

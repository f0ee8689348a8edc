// Answers of /v1/responses that may be asked for again, and go on: one SQLite database, in memory or in a file. Each
// row holds what one request added to its conversation and points to the row before it. What was put is found at once,
// and written when somebody calls flush(). Threads: any; put() never waits for the database, all else may take
// milliseconds: it belongs on a helper thread. Limits: rows older than `ttl` are gone, and the oldest ones where all
// take more than max_bytes. Tenants see their own.
#pragma once

#include "base/result.hpp"
#include "base/sqlite.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace quern::server {

struct StoredResponse {
  std::string id;
  std::string previous;  // the id before it; empty: it began the conversation
  std::string tenant;
  std::int64_t created_unix_s = 0;
  std::string input;     // JSON: an array of the items that the request brought
  std::string response;  // JSON: the response object

  std::uint64_t bytes() const noexcept { return id.size() + previous.size() + input.size() + response.size(); }
};

struct ResponseStoreOptions {
  std::string path;  // of a file, created with mode 0600; empty: in memory
  std::uint64_t max_bytes = 64u << 20;
  std::chrono::seconds ttl = std::chrono::hours(24);
};

class ResponseStore {
 public:
  // Errors: io naming the path, corrupt where the file is no database of ours.
  static Result<std::unique_ptr<ResponseStore>> open(const ResponseStoreOptions& options);
  ~ResponseStore();  // flushes, where open() succeeded: another database stays as it is
  ResponseStore(const ResponseStore&) = delete;
  ResponseStore& operator=(const ResponseStore&) = delete;

  // One that is larger than max_bytes is not kept; nor are the oldest of those that nobody has flushed, beyond as many.
  void put(StoredResponse response);
  // Errors: io.
  Status flush();

  // Errors: not_found naming `field`; io.
  Result<StoredResponse> find(std::string_view id, std::string_view tenant, const std::string& field);
  // The conversation up to and with this id, the oldest first. Errors: as above, where any of it is gone too;
  // bad_input, where it has more than max_responses or max_bytes.
  Result<std::vector<StoredResponse>> chain(std::string_view id, std::string_view tenant, const std::string& field,
                                            std::size_t max_responses, std::uint64_t max_bytes);
  // Errors: not_found naming `field`; io.
  Status remove(std::string_view id, std::string_view tenant, const std::string& field);

 private:
  ResponseStore(sqlite::Database database, const ResponseStoreOptions& options)
      : options_(options), database_(std::move(database)) {}
  Status create_tables();
  void pop_pending() noexcept;
  Status flush_locked();
  Status write(const StoredResponse& response);
  Status forget_old();

  const ResponseStoreOptions options_;
  std::mutex database_mutex_;
  sqlite::Database database_;  // guarded by database_mutex_
  bool is_ours_ = false;       // has our tables; set by open() alone
  std::mutex pending_mutex_;
  std::deque<StoredResponse> pending_;  // put and not written; guarded by pending_mutex_
  std::uint64_t pending_bytes_ = 0;     // guarded by pending_mutex_
};

}  // namespace quern::server

#include "server/store/activity_log.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace quern::server {
namespace {

using sqlite::Database;
using sqlite::Statement;

constexpr int kLogId = 0x71726e61;  // "qrna"
constexpr int kLogVersion = 1;
constexpr std::uint64_t kMaxPending = 16u << 20;
constexpr std::chrono::seconds kBusy{5};

constexpr const char* kColumns =
    "id, at, request_id, tenant, endpoint, model, status, finished, error, prompt_tokens, cached_tokens,"
    " completion_tokens, total_s, queued_s, prefill_s, decode_s, request_bytes, answer_bytes";

std::uint64_t size_of(const Activity& a) {
  constexpr std::uint64_t kRow = 160;  // numbers and what SQLite adds
  return kRow + a.request_id.size() + a.tenant.size() + a.endpoint.size() + a.model.size() + a.error.size() +
         a.request.size() + a.answer.size();
}

Activity read_row(Statement& row) {
  Activity out;
  out.id = row.integer(0);
  out.at_unix_ms = row.integer(1);
  out.request_id = row.text(2);
  out.tenant = row.text(3);
  out.endpoint = row.text(4);
  out.model = row.text(5);
  out.status = static_cast<unsigned>(row.integer(6));
  out.finished = row.integer(7) != 0;
  out.error = row.text(8);
  out.prompt_tokens = static_cast<std::uint64_t>(row.integer(9));
  out.cached_tokens = static_cast<std::uint64_t>(row.integer(10));
  out.completion_tokens = static_cast<std::uint64_t>(row.integer(11));
  out.total_s = row.real(12);
  out.queued_s = row.real(13);
  out.prefill_s = row.real(14);
  out.decode_s = row.real(15);
  out.request_bytes = static_cast<std::uint64_t>(row.integer(16));
  out.answer_bytes = static_cast<std::uint64_t>(row.integer(17));
  return out;
}

std::int64_t as_integer(std::uint64_t value) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(value, INT64_MAX));
}

}  // namespace

Result<std::unique_ptr<ActivityLog>> ActivityLog::open(ActivityLogOptions options) {
  QUERN_CHECK(sqlite::create_private(options.path));
  QUERN_TRY(Database database, Database::open(options.path, Database::Mode::read_write, kBusy));
  std::unique_ptr<ActivityLog> log(new ActivityLog(std::move(options), std::move(database)));
  QUERN_CHECK(log->create_tables());
  log->writer_ = std::jthread([self = log.get()](const std::stop_token& stop) { self->run(stop); });
  return log;
}

ActivityLog::~ActivityLog() {
  if (!writer_.joinable()) return;
  writer_.request_stop();
  writer_.join();
}

Status ActivityLog::create_tables() {
  QUERN_TRY(const bool is_new, sqlite::claim(database_, kLogId, kLogVersion, "an activity log"));
  // What the last few moments put may be lost when the machine fails, never the file.
  QUERN_CHECK(database_.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON"));
  if (!is_new) return {};
  return database_.execute(
      fmt::format("BEGIN IMMEDIATE; PRAGMA application_id={}; PRAGMA user_version={};"
                  "CREATE TABLE activity("
                  " id INTEGER PRIMARY KEY, at INTEGER NOT NULL, request_id TEXT NOT NULL, tenant TEXT NOT NULL,"
                  " endpoint TEXT NOT NULL, model TEXT NOT NULL, status INTEGER NOT NULL, finished INTEGER NOT NULL,"
                  " error TEXT NOT NULL, prompt_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL,"
                  " completion_tokens INTEGER NOT NULL, total_s REAL NOT NULL, queued_s REAL NOT NULL,"
                  " prefill_s REAL NOT NULL, decode_s REAL NOT NULL, request_bytes INTEGER NOT NULL,"
                  " answer_bytes INTEGER NOT NULL, bytes INTEGER NOT NULL, request TEXT NOT NULL,"
                  " answer TEXT NOT NULL); COMMIT",
                  kLogId, kLogVersion));
}

void ActivityLog::put(Activity activity) {
  const std::uint64_t n_bytes = size_of(activity);
  {
    const std::lock_guard lock(mutex_);
    if (pending_bytes_ + n_bytes > kMaxPending) {
      n_dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    pending_bytes_ += n_bytes;
    ++n_put_;
    pending_.push_back(std::move(activity));
  }
  came_.notify_one();
}

void ActivityLog::run(const std::stop_token& stop) {
  for (;;) {
    std::deque<Activity> batch;
    std::uint64_t n_after = 0;
    {
      std::unique_lock lock(mutex_);
      came_.wait(lock, stop, [this] { return !pending_.empty(); });
      if (pending_.empty()) return;  // only a stop ends the wait so
      batch.swap(pending_);
      pending_bytes_ = 0;
      n_after = n_put_;
    }
    write(std::move(batch));
    {
      const std::lock_guard lock(mutex_);
      n_written_ = n_after;
    }
    taken_.notify_all();
  }
}

void ActivityLog::write(std::deque<Activity> batch) {
  const std::lock_guard lock(database_mutex_);
  try {
    Status written = write_all(batch);
    if (written) written = forget_old();
    if (written) return;
    log::error("{} rows of activity are lost: {}", batch.size(), written.error().detail);
  } catch (const std::exception& e) {  // no memory: the thread goes on
    log::error("{} rows of activity are lost: {}", batch.size(), e.what());
  }
  n_dropped_.fetch_add(batch.size(), std::memory_order_relaxed);
}

Status ActivityLog::write_all(const std::deque<Activity>& batch) {
  QUERN_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(database_));
  for (const Activity& a : batch) {
    Statement insert(database_, "INSERT INTO activity VALUES(NULL,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    const bool done =
        insert
            .with(a.at_unix_ms, a.request_id, a.tenant, a.endpoint, a.model, std::int64_t{a.status},
                  std::int64_t{a.finished}, a.error, as_integer(a.prompt_tokens), as_integer(a.cached_tokens),
                  as_integer(a.completion_tokens), a.total_s, a.queued_s, a.prefill_s, a.decode_s,
                  as_integer(a.request_bytes), as_integer(a.answer_bytes), as_integer(size_of(a)), a.request, a.answer)
            .run();
    if (!done) return database_.failure("activity could not be written");
    written_bytes_ += size_of(a);
  }
  return transaction.commit();
}

// Looks at all rows only after a sixteenth of what they may have was written.
Status ActivityLog::forget_old() {
  if (written_bytes_ < options_.max_bytes / 16) return {};
  written_bytes_ = 0;
  Statement oldest(
      database_,
      "DELETE FROM activity WHERE id <= (SELECT max(id) FROM (SELECT id, sum(bytes) OVER (ORDER BY id DESC)"
      " AS total FROM activity) WHERE total > ?)");
  return oldest.with(as_integer(options_.max_bytes)).run() ? Status()
                                                           : Status(database_.failure("old rows could not be deleted"));
}

Result<std::vector<Activity>> ActivityLog::recent(const ActivityQuery& query) {
  {  // what was put before the question is in the answer
    std::unique_lock lock(mutex_);
    taken_.wait(lock, [this, n_before = n_put_] { return n_written_ >= n_before; });
  }
  const std::lock_guard lock(database_mutex_);
  const std::string sql = fmt::format(
      "SELECT {} FROM activity WHERE (?1 = '' OR model = ?1) AND (?2 = '' OR tenant = ?2) AND (?3 = 0 OR id < ?3)"
      " AND (?4 = 0 OR status >= 400 OR finished = 0) ORDER BY id DESC LIMIT ?5",
      kColumns);
  Statement row(database_, sql.c_str());
  row.with(query.model, query.tenant, query.before, std::int64_t{query.failed}, std::int64_t{query.limit});
  std::vector<Activity> out;
  while (row.step()) out.push_back(read_row(row));
  if (row.failed()) return database_.failure("cannot be read");
  return out;
}

Result<Activity> ActivityLog::find(std::int64_t id) {
  const std::lock_guard lock(database_mutex_);
  const std::string sql = fmt::format("SELECT {}, request, answer FROM activity WHERE id = ?", kColumns);
  Statement row(database_, sql.c_str());
  if (!row.with(id).step()) {
    if (row.failed()) return database_.failure("cannot be read");
    Error error = fail_field("id", "there is no activity {}: it is too old, or not there yet", id);
    error.code = Errc::not_found;
    return error;
  }
  Activity out = read_row(row);
  out.request = row.text(18);
  out.answer = row.text(19);
  return out;
}

}  // namespace quern::server

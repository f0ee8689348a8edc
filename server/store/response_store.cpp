#include "server/store/response_store.hpp"

#include "base/log.hpp"
#include "base/sqlite.hpp"

#include <algorithm>
#include <utility>

namespace quern::server {
namespace {

using sqlite::Database;
using sqlite::Statement;

constexpr int kApplicationId = 0x71726e72;  // "qrnr"
constexpr int kVersion = 1;

std::int64_t now_unix_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Error no_such(std::string_view id, const std::string& field) {
  constexpr std::size_t kShown = 80;
  Error error = fail_field(field, "there is no stored response '{}': it was not stored, was deleted, or is too old",
                           id.substr(0, kShown));
  error.code = Errc::not_found;
  return error;
}

}  // namespace

Result<std::unique_ptr<ResponseStore>> ResponseStore::open(const ResponseStoreOptions& options) {
  if (!options.path.empty()) QUERN_CHECK(sqlite::create_private(options.path));
  const std::string name = options.path.empty() ? ":memory:" : options.path;
  QUERN_TRY(Database database, Database::open(name, Database::Mode::read_write, std::chrono::seconds(0)));
  std::unique_ptr<ResponseStore> store(new ResponseStore(std::move(database), options));
  QUERN_CHECK(store->create_tables());
  store->is_ours_ = true;
  return store;
}

ResponseStore::~ResponseStore() {
  if (!is_ours_) return;
  if (const Status flushed = flush(); !flushed) log::error("{}", flushed.error().detail);
}

Status ResponseStore::create_tables() {
  QUERN_TRY(const bool is_new, sqlite::claim(database_, kApplicationId, kVersion, "stored responses"));
  // What the last few moments put may be lost when the machine fails, never the database.
  QUERN_CHECK(database_.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON"));
  if (!is_new) return {};
  const std::string sql = fmt::format(
      "PRAGMA application_id={}; PRAGMA user_version={};"
      "CREATE TABLE responses(id TEXT PRIMARY KEY, previous TEXT NOT NULL, tenant TEXT NOT NULL,"
      " created INTEGER NOT NULL, bytes INTEGER NOT NULL, input TEXT NOT NULL, response TEXT NOT NULL);"
      "CREATE INDEX by_age ON responses(created)",
      kApplicationId, kVersion);
  return database_.execute(sql);
}

void ResponseStore::put(StoredResponse response) {
  if (response.bytes() > options_.max_bytes) {
    log::warn("response {} is not kept: it has {} bytes, all of them may have {}", response.id, response.bytes(),
              options_.max_bytes);
    return;
  }
  const std::lock_guard lock(pending_mutex_);
  pending_bytes_ += response.bytes();
  pending_.push_back(std::move(response));
  while (pending_bytes_ > options_.max_bytes) pop_pending();
}

void ResponseStore::pop_pending() noexcept {
  pending_bytes_ -= pending_.front().bytes();
  pending_.pop_front();
}

Status ResponseStore::flush() {
  const std::lock_guard lock(database_mutex_);
  return flush_locked();
}

Status ResponseStore::flush_locked() {
  for (;;) {
    StoredResponse next;
    {
      const std::lock_guard lock(pending_mutex_);
      if (pending_.empty()) break;
      pending_bytes_ -= pending_.front().bytes();
      next = std::move(pending_.front());
      pending_.pop_front();
    }
    QUERN_CHECK(write(next));  // who looks for it meanwhile waits for the database
  }
  return forget_old();
}

Status ResponseStore::write(const StoredResponse& response) {
  Statement insert(database_, "INSERT OR REPLACE INTO responses VALUES(?,?,?,?,?,?,?)");
  insert.bind(1, response.id);
  insert.bind(2, response.previous);
  insert.bind(3, response.tenant);
  insert.bind(4, response.created_unix_s);
  insert.bind(5, static_cast<std::int64_t>(response.bytes()));
  insert.bind(6, response.input);
  insert.bind(7, response.response);
  return insert.run() ? Status() : Status(database_.failure("a response could not be written"));
}

Status ResponseStore::forget_old() {
  Statement old(database_, "DELETE FROM responses WHERE created < ?");
  old.bind(1, now_unix_s() - options_.ttl.count());
  if (!old.run()) return database_.failure("old responses could not be deleted");
  Statement sum(database_, "SELECT coalesce(sum(bytes), 0) FROM responses");
  if (!sum.step()) return database_.failure("cannot be read");
  if (static_cast<std::uint64_t>(sum.integer(0)) <= options_.max_bytes) return {};
  sum.reset();
  // Those behind the newest ones that fit, at once: after the limit was lowered these may be most of a large file.
  Statement oldest(database_,
                   "DELETE FROM responses WHERE id IN (SELECT id FROM (SELECT id, sum(bytes) OVER (ORDER BY created "
                   "DESC, rowid DESC) AS total FROM responses) WHERE total > ?)");
  oldest.bind(1, static_cast<std::int64_t>(std::min<std::uint64_t>(options_.max_bytes, INT64_MAX)));
  return oldest.run() ? Status() : Status(database_.failure("old responses could not be deleted"));
}

Result<StoredResponse> ResponseStore::find(std::string_view id, std::string_view tenant, const std::string& field) {
  const std::lock_guard lock(database_mutex_);
  QUERN_CHECK(flush_locked());
  Statement row(
      database_,
      "SELECT previous, created, input, response FROM responses WHERE id = ? AND tenant = ? AND created >= ?");
  row.bind(1, id);
  row.bind(2, tenant);
  row.bind(3, now_unix_s() - options_.ttl.count());
  if (!row.step()) {
    if (row.failed()) return database_.failure("cannot be read");
    return no_such(id, field);
  }
  return StoredResponse{.id = std::string(id),
                        .previous = row.text(0),
                        .tenant = std::string(tenant),
                        .created_unix_s = row.integer(1),
                        .input = row.text(2),
                        .response = row.text(3)};
}

Result<std::vector<StoredResponse>> ResponseStore::chain(std::string_view id, std::string_view tenant,
                                                         const std::string& field, std::size_t max_responses,
                                                         std::uint64_t max_bytes) {
  std::vector<StoredResponse> out;
  std::uint64_t n_bytes = 0;
  for (std::string next(id); !next.empty();) {
    if (out.size() == max_responses)
      return fail_field(field, "the conversation has more than {} responses, want at most that", max_responses);
    QUERN_TRY(StoredResponse one, find(next, tenant, field));
    n_bytes += one.bytes();
    if (n_bytes > max_bytes)
      return fail_field(field, "the conversation has more than {} bytes, want at most that", max_bytes);
    next = one.previous;
    out.push_back(std::move(one));
  }
  std::ranges::reverse(out);
  return out;
}

Status ResponseStore::remove(std::string_view id, std::string_view tenant, const std::string& field) {
  const std::lock_guard lock(database_mutex_);
  QUERN_CHECK(flush_locked());
  Statement row(database_, "DELETE FROM responses WHERE id = ? AND tenant = ?");
  row.bind(1, id);
  row.bind(2, tenant);
  if (!row.run()) return database_.failure("a response could not be deleted");
  return database_.n_changes() > 0 ? Status() : Status(no_such(id, field));
}

}  // namespace quern::server

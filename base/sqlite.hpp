// SQLite through its C API, with owners: a connection, a prepared statement, a transaction. Threads: each object
// belongs to one thread at a time (connections are opened without mutexes). Errors: io with the database's name and
// what SQLite says, corrupt where a file is no database or a broken one.
#pragma once

#include "base/result.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <sqlite3.h>

namespace quern::sqlite {

class Database {
 public:
  enum class Mode { read_only, read_write, create };  // create: also where there is none
  // busy: how long a statement waits for another process. Foreign keys are enforced.
  static Result<Database> open(const std::string& path, Mode mode, std::chrono::milliseconds busy);

  // One or more statements without results.
  Status execute(const std::string& sql);
  Error failure(std::string_view what) const;
  std::int64_t last_row_id() const noexcept { return sqlite3_last_insert_rowid(get()); }
  int n_changes() const noexcept { return sqlite3_changes(get()); }
  sqlite3* get() const noexcept { return handle_.get(); }
  const std::string& path() const noexcept { return path_; }

 private:
  struct Close {
    void operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
  };
  Database(std::string path, sqlite3* handle) : path_(std::move(path)), handle_(handle) {}
  std::string path_;
  std::unique_ptr<sqlite3, Close> handle_;
};

// What goes wrong while it is made or bound shows when it is run.
class Statement {
 public:
  Statement(sqlite3* database, const char* sql) noexcept {
    ok_ = sqlite3_prepare_v2(database, sql, -1, &statement_, nullptr) == SQLITE_OK;
  }
  Statement(const Database& database, const char* sql) noexcept : Statement(database.get(), sql) {}
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // The text must outlive the statement.
  void bind(int index, std::string_view text) noexcept {
    const char* const data = text.data() == nullptr ? "" : text.data();
    ok_ = ok_ && sqlite3_bind_text64(statement_, index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK;
  }
  void bind(int index, std::int64_t value) noexcept {
    ok_ = ok_ && sqlite3_bind_int64(statement_, index, value) == SQLITE_OK;
  }
  void bind(int index, double value) noexcept {
    ok_ = ok_ && sqlite3_bind_double(statement_, index, value) == SQLITE_OK;
  }
  // All values in their order, from the first parameter on.
  template <class... Values>
  Statement& with(const Values&... values) noexcept {
    int index = 0;
    (bind(++index, values), ...);
    return *this;
  }
  // Whether there is a row.
  bool step() noexcept {
    if (!ok_) return false;
    const int code = sqlite3_step(statement_);
    ok_ = code == SQLITE_ROW || code == SQLITE_DONE;
    return code == SQLITE_ROW;
  }
  // One that has no rows: whether it was done.
  bool run() noexcept { return !step() && ok_; }
  bool failed() const noexcept { return !ok_; }
  void reset() noexcept { sqlite3_reset(statement_); }

  std::int64_t integer(int column) noexcept { return sqlite3_column_int64(statement_, column); }
  double real(int column) noexcept { return sqlite3_column_double(statement_, column); }
  std::string text(int column) {
    const auto* const data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return data == nullptr ? std::string()
                           : std::string(data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
  }

 private:
  sqlite3_stmt* statement_ = nullptr;
  bool ok_ = false;
};

// A file that only its owner may read, where there is none: SQLite would create it readable for everybody. Errors: io.
Status create_private(const std::string& path);
// Whether the database is new; else it must be one of ours, by its application_id, and of this version. Errors: corrupt
// saying `what` it should be; io.
Result<bool> claim(const Database& database, int application_id, int version, std::string_view what);

// Begins with the right to write, and is undone unless commit() was reached.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Status commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;  // null: over
};

}  // namespace quern::sqlite

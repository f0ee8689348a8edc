// A prepared SQLite statement. What goes wrong while it is made or bound shows when it is run. Threads: one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <sqlite3.h>

namespace quern::server {

class Statement {
 public:
  Statement(sqlite3* database, const char* sql) noexcept {
    ok_ = sqlite3_prepare_v2(database, sql, -1, &statement_, nullptr) == SQLITE_OK;
  }
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
  std::string text(int column) {
    const auto* const data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return data == nullptr ? std::string()
                           : std::string(data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
  }

 private:
  sqlite3_stmt* statement_ = nullptr;
  bool ok_ = false;
};

}  // namespace quern::server

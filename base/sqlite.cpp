#include "base/sqlite.hpp"

#include "base/log.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace quern::sqlite {

Result<Database> Database::open(const std::string& path, Mode mode, std::chrono::milliseconds busy) {
  int flags = SQLITE_OPEN_NOMUTEX;
  flags |= mode == Mode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (mode == Mode::create) flags |= SQLITE_OPEN_CREATE;
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  Database database(path, handle);
  if (code != SQLITE_OK) return database.failure("cannot be opened");
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, static_cast<int>(busy.count()));
  QUERN_CHECK(database.execute("PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON"));
  return database;
}

Status Database::execute(const std::string& sql) {
  return sqlite3_exec(get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK ? Status()
                                                                                  : failure("cannot be used");
}

Error Database::failure(std::string_view what) const {
  if (handle_ == nullptr) return fail(Errc::io, "{}: {}: no memory", path_, what);
  const int code = sqlite3_errcode(get()) & 0xff;
  const bool corrupt = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
  Errc kind = corrupt ? Errc::corrupt : Errc::io;
  if (code == SQLITE_FULL) kind = Errc::overloaded;
  return fail(kind, "{}: {}: {}", path_, what, sqlite3_errmsg(get()));
}

Status create_private(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return fail(Errc::io, "{}: cannot be opened: {}", path, std::strerror(errno));
  ::close(fd);
  return {};
}

Result<bool> claim(const Database& database, int application_id, int version, std::string_view what) {
  // One after the other: what failure() tells is of the last one.
  std::int64_t found[3] = {};
  constexpr const char* kQuestions[] = {"PRAGMA application_id", "PRAGMA user_version",
                                        "SELECT count(*) FROM sqlite_master"};
  for (std::size_t i = 0; i < 3; ++i) {
    Statement question(database, kQuestions[i]);
    if (!question.step()) return database.failure("cannot be read");
    found[i] = question.integer(0);
  }
  const bool is_new = found[2] == 0;
  if (!is_new && (found[0] != application_id || found[1] != version))
    return fail(Errc::corrupt, "{}: want {} of version {}, found another database", database.path(), what, version);
  return is_new;
}

Result<Transaction> Transaction::begin(Database& database) {
  QUERN_CHECK(database.execute("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Transaction::~Transaction() {
  if (database_ == nullptr || sqlite3_get_autocommit(database_->get()) != 0) return;  // SQLite may have undone it
  if (const Status undone = database_->execute("ROLLBACK"); !undone) log::error("{}", undone.error().detail);
}

Status Transaction::commit() {
  QUERN_CHECK(database_->execute("COMMIT"));
  database_ = nullptr;
  return {};
}

}  // namespace quern::sqlite

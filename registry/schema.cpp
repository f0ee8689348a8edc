#include "registry/schema.hpp"

namespace quern::registry {
namespace {

constexpr std::int64_t kApplicationId = 0x71726d64;  // "qrmd"

constexpr const char* kMigrations[] = {
    // 1: models, their files and settings
    "CREATE TABLE models("
    " id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE, origin TEXT NOT NULL, digest TEXT NOT NULL,"
    " family TEXT NOT NULL, format TEXT NOT NULL, path TEXT NOT NULL, dtype TEXT NOT NULL, quant TEXT NOT NULL,"
    " params INTEGER NOT NULL, n_ctx INTEGER NOT NULL, n_layer INTEGER NOT NULL, vocab_size INTEGER NOT NULL,"
    " size_bytes INTEGER NOT NULL, pinned INTEGER NOT NULL, created_at INTEGER NOT NULL, last_used INTEGER NOT NULL);"
    "CREATE TABLE files("
    " model_id INTEGER NOT NULL REFERENCES models(id) ON DELETE CASCADE, position INTEGER NOT NULL,"
    " role TEXT NOT NULL, path TEXT NOT NULL, digest TEXT NOT NULL, size_bytes INTEGER NOT NULL,"
    " PRIMARY KEY(model_id, position));"
    "CREATE INDEX files_by_path ON files(path);"
    "CREATE TABLE adapters("
    " id INTEGER PRIMARY KEY, model_id INTEGER NOT NULL REFERENCES models(id) ON DELETE CASCADE, type TEXT NOT NULL,"
    " path TEXT NOT NULL, scale REAL NOT NULL, rank INTEGER NOT NULL);"
    "CREATE TABLE tags("
    " id INTEGER PRIMARY KEY, ref_type TEXT NOT NULL, ref_id INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,"
    " UNIQUE(ref_type, ref_id, key));"
    "CREATE TRIGGER tags_of_a_model AFTER DELETE ON models BEGIN"
    " DELETE FROM tags WHERE ref_type = 'model' AND ref_id = old.id; END;"
    "CREATE TABLE settings("
    " model_id INTEGER NOT NULL REFERENCES models(id) ON DELETE CASCADE, variant TEXT NOT NULL,"
    " position INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY(model_id, variant, position));"
    "CREATE TABLE aliases("
    " name TEXT PRIMARY KEY COLLATE NOCASE, model_id INTEGER NOT NULL REFERENCES models(id) ON DELETE CASCADE);"
    "CREATE TABLE sources("
    " path TEXT PRIMARY KEY, repo TEXT NOT NULL, commit_id TEXT NOT NULL, file TEXT NOT NULL, digest TEXT NOT NULL,"
    " size_bytes INTEGER NOT NULL, modified_ns INTEGER NOT NULL, verified_at INTEGER NOT NULL,"
    " last_used INTEGER NOT NULL);"
    "CREATE TABLE pending_manifests(name TEXT PRIMARY KEY COLLATE NOCASE)",
    // 2: the version that a newer one replaced
    "CREATE TABLE versions("
    " id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE, manifest TEXT NOT NULL,"
    " replaced_at INTEGER NOT NULL);"
    "CREATE TABLE version_files("
    " version_id INTEGER NOT NULL REFERENCES versions(id) ON DELETE CASCADE, path TEXT NOT NULL,"
    " digest TEXT NOT NULL, size_bytes INTEGER NOT NULL);"
    "CREATE INDEX version_files_by_path ON version_files(path)",
    // 3: kept results and what models were asked for
    "CREATE TABLE cache_entries("
    " id INTEGER PRIMARY KEY, model_id INTEGER NOT NULL REFERENCES models(id) ON DELETE CASCADE,"
    " prompt_hash TEXT NOT NULL, tokens INTEGER NOT NULL, logits_path TEXT NOT NULL, created_at INTEGER NOT NULL,"
    " last_access INTEGER NOT NULL);"
    "CREATE INDEX cache_entries_by_prompt ON cache_entries(model_id, prompt_hash);"
    "CREATE TABLE activity("
    " id INTEGER PRIMARY KEY, at INTEGER NOT NULL, model TEXT NOT NULL, event TEXT NOT NULL, detail TEXT NOT NULL);"
    "CREATE INDEX activity_by_time ON activity(at)",
    // 4: what was asked is a server's affair, and has a file of its own
    "DROP TABLE activity",
};
constexpr std::int64_t kVersion = std::size(kMigrations);

}  // namespace

std::span<const char* const> migrations() {
  return kMigrations;
}

Result<std::int64_t> version_of(const sqlite::Database& database, const std::string& path) {
  // One after the other: what one says of an error holds until the next.
  sqlite::Statement application(database, "PRAGMA application_id");
  if (!application.step()) return database.failure("cannot be read");
  sqlite::Statement version(database, "PRAGMA user_version");
  if (!version.step()) return database.failure("cannot be read");
  sqlite::Statement tables(database, "SELECT count(*) FROM sqlite_master");
  if (!tables.step()) return database.failure("cannot be read");
  const std::int64_t found = version.integer(0);
  const bool is_new = tables.integer(0) == 0 && found == 0;
  if (found < 0 || (!is_new && application.integer(0) != kApplicationId)) {
    return fail(Errc::corrupt, "{}: want a registry of models, found another database", path);
  }
  if (found > kVersion) {
    return fail(Errc::unsupported, "{}: want a registry of version {} at most, found {}: a newer quern made it", path,
                kVersion, found);
  }
  return found;
}

Status migrate(sqlite::Database& database, const std::string& path) {
  for (;;) {
    // Another process may be at it too: each looks with the right to write.
    QUERN_TRY(sqlite::Transaction transaction, sqlite::Transaction::begin(database));
    QUERN_TRY(const std::int64_t found, version_of(database, path));
    if (found == kVersion) return {};
    QUERN_CHECK(database.execute(fmt::format("PRAGMA application_id={}; {}; PRAGMA user_version={}", kApplicationId,
                                             kMigrations[found], found + 1)));
    QUERN_CHECK(transaction.commit());
  }
}

}  // namespace quern::registry

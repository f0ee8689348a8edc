// Models as rows of the registry's tables. Threads: that of the connection. The caller has a transaction where it
// matters. `folder` is that of the models: paths below it are stored relative to it.
// Errors: io or corrupt from SQLite; not_found where said.
#pragma once

#include "base/sqlite.hpp"
#include "registry/model.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quern::registry {

struct StoredModel {
  std::int64_t id = 0;
  Model model;
};

// canonical: in any case, of a model or of an alias.
Result<std::optional<std::int64_t>> find_id(const sqlite::Database& database, const std::string& canonical);
Result<StoredModel> read_model(const sqlite::Database& database, std::int64_t id, const std::string& folder);
Result<std::vector<std::int64_t>> model_ids(const sqlite::Database& database);  // by name

// A new row and what belongs to it; returns its id.
Result<std::int64_t> insert_model(sqlite::Database& database, const Model& model, const std::string& folder);
// Settings, variants, aliases, tags and the pin become those of `model`.
Status update_settings(sqlite::Database& database, std::int64_t id, const Model& model);
Status delete_model(sqlite::Database& database, std::int64_t id);

// The version that a newer one replaced: its manifest, and its files, which stay as long as it does.
struct StoredVersion {
  std::int64_t id = 0;
  std::string name, manifest;
  std::int64_t replaced_unix_s = 0;
};
Result<std::optional<StoredVersion>> find_version(const sqlite::Database& database, const std::string& canonical);
Result<std::vector<StoredVersion>> all_versions(const sqlite::Database& database);  // the oldest first
Status insert_version(sqlite::Database& database, const Model& model, std::int64_t now_unix_s,
                      const std::string& folder);
Status delete_version(sqlite::Database& database, const std::string& canonical);

// Whether a model or a version names the file. stored: as in the tables.
Result<bool> is_named(const sqlite::Database& database, const std::string& stored);

}  // namespace quern::registry

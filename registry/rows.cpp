#include "registry/rows.hpp"

#include "registry/manifest.hpp"

#include <algorithm>

namespace quern::registry {
namespace {

using sqlite::Database;
using sqlite::Statement;

std::int64_t whole(std::uint64_t value) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(value, INT64_MAX));
}
std::uint64_t size(std::int64_t value) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0));
}
std::uint32_t count(std::int64_t value) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(value, 0, UINT32_MAX));
}

Status done(const Database& database, Statement& statement) {
  return statement.run() ? Status() : Status(database.failure("cannot be written"));
}

Result<Digest> digest_of_row(const std::string& text) {
  return text.empty() ? Result<Digest>(Digest()) : Digest::parse(text);
}
std::string row_text(const Digest& digest) {
  return digest.empty() ? "" : digest.text();
}

Error broken(const Database& database, const Error& error) {
  Error out = database.failure("a row cannot be understood");
  return Error{Errc::corrupt, fmt::format("{}: {}", out.detail, error.detail), {}};
}

Status read_files(const Database& database, std::int64_t id, const std::string& folder, Model& out) {
  Statement row(database,
                "SELECT role, files.path, files.digest, files.size_bytes, coalesce(repo, ''), coalesce(commit_id, ''), "
                "coalesce(sources.file, ''), coalesce(scale, 1), coalesce(rank, 0) FROM files "
                "LEFT JOIN sources ON sources.path = files.path "
                "LEFT JOIN adapters ON adapters.model_id = files.model_id AND adapters.path = files.path "
                "WHERE files.model_id = ? ORDER BY position");
  row.with(id);
  while (row.step()) {
    const auto role = file_role_named(row.text(0));
    const Result<Digest> digest = digest_of_row(row.text(2));
    if (!role || !digest) return broken(database, fail(Errc::corrupt, "file of {}: no such role or digest", id));
    out.files.push_back({.role = *role,
                         .path = full_path(row.text(1), folder),
                         .digest = *digest,
                         .size_bytes = size(row.integer(3)),
                         .scale = static_cast<float>(row.real(7)),
                         .rank = count(row.integer(8)),
                         .source = {row.text(4), row.text(5), row.text(6)}});
  }
  return row.failed() ? Status(database.failure("cannot be read")) : Status();
}

Status read_settings(const Database& database, std::int64_t id, Model& out) {
  Statement row(database, "SELECT variant, key, value FROM settings WHERE model_id = ? ORDER BY variant, position");
  row.with(id);
  std::map<std::string, SettingRows> rows;
  while (row.step()) rows[row.text(0)].emplace_back(row.text(1), row.text(2));
  if (row.failed()) return database.failure("cannot be read");
  for (const auto& [variant, pairs] : rows) {
    SettingRows kept = pairs;
    std::erase_if(kept, [](const auto& pair) { return pair.first.empty(); });  // a variant without any
    Result<Settings> settings = settings_of(kept);
    if (!settings) return broken(database, settings.error());
    (variant.empty() ? out.settings : out.variants[variant]) = std::move(*settings);
  }
  return {};
}

Status read_names(const Database& database, std::int64_t id, Model& out) {
  Statement alias(database, "SELECT name FROM aliases WHERE model_id = ? ORDER BY name");
  alias.with(id);
  while (alias.step()) out.aliases.push_back(alias.text(0));
  Statement tag(database, "SELECT key, value FROM tags WHERE ref_type = 'model' AND ref_id = ?");
  tag.with(id);
  while (tag.step()) out.tags[tag.text(0)] = tag.text(1);
  return alias.failed() || tag.failed() ? Status(database.failure("cannot be read")) : Status();
}

Status insert_settings(Database& database, std::int64_t id, const std::string& variant, const Settings& settings) {
  SettingRows rows = rows_of(settings);
  if (rows.empty() && !variant.empty()) rows.emplace_back("", "");  // there is one, although it changes nothing
  std::int64_t position = 0;
  for (const auto& [key, value] : rows) {
    Statement insert(database, "INSERT INTO settings VALUES(?,?,?,?,?)");
    QUERN_CHECK(done(database, insert.with(id, std::string_view(variant), position++, std::string_view(key),
                                           std::string_view(value))));
  }
  return {};
}

Status insert_file(Database& database, std::int64_t id, std::int64_t position, const ModelFile& file,
                   const std::string& folder) {
  const std::string path = stored_path(file.path, folder), digest = row_text(file.digest);
  Statement insert(database, "INSERT INTO files VALUES(?,?,?,?,?,?)");
  QUERN_CHECK(done(database, insert.with(id, position, file_role_name(file.role), std::string_view(path),
                                         std::string_view(digest), whole(file.size_bytes))));
  if (file.source != Source()) {
    Statement source(
        database,
        "INSERT INTO sources VALUES(?,?,?,?,?,?,0,0,0) ON CONFLICT(path) DO UPDATE SET repo = excluded.repo, "
        "commit_id = excluded.commit_id, file = excluded.file, digest = excluded.digest, "
        "size_bytes = excluded.size_bytes");
    QUERN_CHECK(done(database, source.with(std::string_view(path), std::string_view(file.source.repo),
                                           std::string_view(file.source.commit), std::string_view(file.source.file),
                                           std::string_view(digest), whole(file.size_bytes))));
  }
  if (file.role != FileRole::adapter) return {};
  Statement adapter(database, "INSERT INTO adapters(model_id, type, path, scale, rank) VALUES(?,'lora',?,?,?)");
  return done(database, adapter.with(id, std::string_view(path), double{file.scale}, std::int64_t{file.rank}));
}

}  // namespace

Result<std::optional<std::int64_t>> find_id(const Database& database, const std::string& canonical) {
  Statement row(database,
                "SELECT id FROM models WHERE name = ?1 UNION ALL SELECT model_id FROM aliases WHERE name = ?1 LIMIT 1");
  row.with(std::string_view(canonical));
  if (row.step()) return std::optional(row.integer(0));
  if (row.failed()) return database.failure("cannot be read");
  return std::optional<std::int64_t>();
}

Result<std::vector<std::int64_t>> model_ids(const Database& database) {
  std::vector<std::int64_t> out;
  Statement row(database, "SELECT id FROM models ORDER BY name");
  while (row.step()) out.push_back(row.integer(0));
  if (row.failed()) return database.failure("cannot be read");
  return out;
}

Result<StoredModel> read_model(const Database& database, std::int64_t id, const std::string& folder) {
  Statement row(
      database,
      "SELECT name, origin, digest, family, format, dtype, quant, params, n_ctx, n_layer, vocab_size, pinned, "
      "created_at, last_used FROM models WHERE id = ?");
  row.with(id);
  if (!row.step()) {
    if (row.failed()) return database.failure("cannot be read");
    return fail(Errc::not_found, "there is no model with the id {}", id);
  }
  const Result<ModelRef> name = ModelRef::parse(row.text(0));
  const Result<Digest> digest = digest_of_row(row.text(2));
  if (!name || !digest) return broken(database, name ? digest.error() : name.error());
  StoredModel out{.id = id, .model = {}};
  Model& model = out.model;
  model.name = *name;
  model.origin = row.text(1);
  model.digest = *digest;
  model.facts = {.family = row.text(3),
                 .format = row.text(4),
                 .dtype = row.text(5),
                 .quant = row.text(6),
                 .params = size(row.integer(7)),
                 .n_ctx = count(row.integer(8)),
                 .n_layer = count(row.integer(9)),
                 .vocab_size = count(row.integer(10))};
  model.pinned = row.integer(11) != 0;
  model.created_unix_s = row.integer(12);
  model.last_used_unix_s = row.integer(13);
  QUERN_CHECK(read_files(database, id, folder, model));
  QUERN_CHECK(read_settings(database, id, model));
  QUERN_CHECK(read_names(database, id, model));
  return out;
}

Result<std::int64_t> insert_model(Database& database, const Model& model, const std::string& folder) {
  const std::string name = model.name.base().canonical(), digest = row_text(model.digest);
  const std::string path = stored_path(model.weights().front(), folder);
  const ModelFacts& facts = model.facts;
  Statement insert(
      database,
      "INSERT INTO models(name, origin, digest, family, format, path, dtype, quant, params, n_ctx, n_layer, "
      "vocab_size, size_bytes, pinned, created_at, last_used) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  using View = std::string_view;
  insert.with(View(name), View(model.origin), View(digest), View(facts.family), View(facts.format), View(path),
              View(facts.dtype), View(facts.quant), whole(facts.params), std::int64_t{facts.n_ctx},
              std::int64_t{facts.n_layer}, std::int64_t{facts.vocab_size}, whole(model.size_bytes()),
              std::int64_t{model.pinned}, model.created_unix_s, model.last_used_unix_s);
  QUERN_CHECK(done(database, insert));
  const std::int64_t id = database.last_row_id();
  std::int64_t position = 0;
  for (const ModelFile& file : model.files) QUERN_CHECK(insert_file(database, id, position++, file, folder));
  QUERN_CHECK(update_settings(database, id, model));
  return id;
}

Status update_settings(Database& database, std::int64_t id, const Model& model) {
  for (const char* sql : {"DELETE FROM settings WHERE model_id = ?", "DELETE FROM aliases WHERE model_id = ?",
                          "DELETE FROM tags WHERE ref_type = 'model' AND ref_id = ?"}) {
    Statement remove(database, sql);
    QUERN_CHECK(done(database, remove.with(id)));
  }
  QUERN_CHECK(insert_settings(database, id, "", model.settings));
  for (const auto& [variant, settings] : model.variants) {
    QUERN_CHECK(insert_settings(database, id, variant, settings));
  }
  for (const std::string& alias : model.aliases) {
    Statement insert(database, "INSERT OR IGNORE INTO aliases VALUES(?,?)");  // who has it already keeps it
    QUERN_CHECK(done(database, insert.with(std::string_view(alias), id)));
  }
  for (const auto& [key, value] : model.tags) {
    Statement insert(database, "INSERT INTO tags(ref_type, ref_id, key, value) VALUES('model',?,?,?)");
    QUERN_CHECK(done(database, insert.with(id, std::string_view(key), std::string_view(value))));
  }
  Statement pin(database, "UPDATE models SET pinned = ? WHERE id = ?");
  return done(database, pin.with(std::int64_t{model.pinned}, id));
}

Status delete_model(Database& database, std::int64_t id) {
  Statement remove(database, "DELETE FROM models WHERE id = ?");
  return done(database, remove.with(id));
}

Result<std::optional<StoredVersion>> find_version(const Database& database, const std::string& canonical) {
  Statement row(database, "SELECT id, name, manifest, replaced_at FROM versions WHERE name = ?");
  row.with(std::string_view(canonical));
  if (row.step()) return std::optional(StoredVersion{row.integer(0), row.text(1), row.text(2), row.integer(3)});
  if (row.failed()) return database.failure("cannot be read");
  return std::optional<StoredVersion>();
}

Result<std::vector<StoredVersion>> all_versions(const Database& database) {
  std::vector<StoredVersion> out;
  Statement row(database, "SELECT id, name, manifest, replaced_at FROM versions ORDER BY replaced_at, id");
  while (row.step()) out.push_back({row.integer(0), row.text(1), row.text(2), row.integer(3)});
  if (row.failed()) return database.failure("cannot be read");
  return out;
}

Status insert_version(Database& database, const Model& model, std::int64_t now_unix_s, const std::string& folder) {
  const std::string name = model.name.base().canonical(), manifest = manifest_text(model, folder);
  QUERN_CHECK(delete_version(database, name));
  Statement insert(database, "INSERT INTO versions(name, manifest, replaced_at) VALUES(?,?,?)");
  QUERN_CHECK(done(database, insert.with(std::string_view(name), std::string_view(manifest), now_unix_s)));
  const std::int64_t id = database.last_row_id();
  for (const ModelFile& file : model.files) {
    const std::string path = stored_path(file.path, folder), digest = row_text(file.digest);
    Statement named(database, "INSERT INTO version_files VALUES(?,?,?,?)");
    QUERN_CHECK(
        done(database, named.with(id, std::string_view(path), std::string_view(digest), whole(file.size_bytes))));
  }
  return {};
}

Status delete_version(Database& database, const std::string& canonical) {
  Statement remove(database, "DELETE FROM versions WHERE name = ?");
  return done(database, remove.with(std::string_view(canonical)));
}

Result<bool> is_named(const Database& database, const std::string& stored) {
  Statement row(database,
                "SELECT 1 FROM files WHERE path = ?1 UNION ALL SELECT 1 FROM version_files WHERE path = ?1 LIMIT 1");
  row.with(std::string_view(stored));
  if (row.step()) return true;
  if (row.failed()) return database.failure("cannot be read");
  return false;
}

}  // namespace quern::registry

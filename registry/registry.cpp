#include "registry/registry.hpp"

#include "base/log.hpp"
#include "registry/disk_file.hpp"
#include "registry/manifest.hpp"
#include "registry/name_parts.hpp"
#include "registry/schema.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>

#include <sys/stat.h>
#include <unistd.h>

namespace quern::registry {
namespace {

using sqlite::Database;
using sqlite::Statement;

std::string key_of(const ModelRef& ref) {
  ModelRef key = ref.base();
  key.digest = {};
  return key.canonical();
}

Status mark_pending(Database& database, const std::string& canonical) {
  Statement insert(database, "INSERT OR IGNORE INTO pending_manifests VALUES(?)");
  insert.with(std::string_view(canonical));
  return insert.run() ? Status() : Status(database.failure("cannot be written"));
}

Result<std::vector<std::string>> pending(const Database& database) {
  std::vector<std::string> out;
  Statement row(database, "SELECT name FROM pending_manifests");
  while (row.step()) out.push_back(row.text(0));
  if (row.failed()) return database.failure("cannot be read");
  return out;
}

// An alias is the name of no model, its own included.
Status check_aliases(const Database& database, std::int64_t id, const Model& model) {
  for (const std::string& alias : model.aliases) {
    Statement row(database, "SELECT 1 FROM models WHERE name = ?");
    row.with(std::string_view(alias));
    if (row.step()) return fail(Errc::bad_input, "alias {}: there is a model of that name", alias);
    QUERN_TRY(const std::optional<std::int64_t> owner, find_id(database, alias));
    if (!owner || *owner != id) return fail(Errc::bad_input, "alias {}: another model has it", alias);
  }
  return {};
}

bool same_content(const Model& a, const Model& b) {
  return a.files == b.files && a.settings == b.settings && a.digest == b.digest && a.facts == b.facts;
}

std::int64_t modified_ns(const struct stat& info) {
  constexpr std::int64_t kNs = 1'000'000'000;
  return std::int64_t{info.st_mtim.tv_sec} * kNs + info.st_mtim.tv_nsec;
}

}  // namespace

std::int64_t now_unix_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Registry::Registry(BlobStore blobs, Database reader, Database writer)
    : blobs_(std::move(blobs)), reader_(std::move(reader)), writer_(std::move(writer)) {}

Result<std::unique_ptr<Registry>> Registry::open(const std::string& folder) {
  QUERN_TRY(BlobStore blobs, BlobStore::open(folder));
  return connect(std::move(blobs), Database::Mode::create);
}

Result<std::unique_ptr<Registry>> Registry::existing(const std::string& folder) {
  QUERN_TRY(BlobStore blobs, BlobStore::existing(folder));
  if (::access(database_path(blobs.folder()).c_str(), F_OK) != 0) {
    return fail(Errc::not_found, "models folder {}: it has no registry", folder);
  }
  return connect(std::move(blobs), Database::Mode::read_write);
}

Result<std::unique_ptr<Registry>> Registry::connect(BlobStore blobs, Database::Mode mode) {
  const std::string path = database_path(blobs.folder());
  QUERN_TRY(Database writer, Database::open(path, mode, kBusy));
  QUERN_TRY(const std::int64_t version, version_of(writer, path));  // before anything of a foreign file is changed
  static_cast<void>(version);
  // What was committed stays when the machine fails, too: adding a model is rare and took minutes to download.
  QUERN_CHECK(writer.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL"));
  QUERN_CHECK(migrate(writer, path));
  QUERN_TRY(Database reader, Database::open(path, Database::Mode::read_write, kBusy));
  QUERN_TRY(const std::vector<std::string> unwritten, pending(reader));
  std::unique_ptr<Registry> registry(new Registry(std::move(blobs), std::move(reader), std::move(writer)));
  if (!unwritten.empty()) QUERN_CHECK(registry->change([](Database&) { return Status(); }));
  return registry;
}

Status Registry::change(Writer::Job job) {
  QUERN_CHECK(writer_.run(std::move(job)));
  const Status settled = writer_.run([this](Database& database) { return settle_manifests(database); });
  // The rows are what counts, and the names wait in the database for the next time.
  if (!settled) log::warn("manifests are behind: {}", settled.error().detail);
  return {};
}

// Inside of the transaction, so that no other process writes an older one over a newer.
Status Registry::settle_manifests(Database& database) const {
  QUERN_TRY(const std::vector<std::string> names, pending(database));
  for (const std::string& name : names) {
    QUERN_TRY(const ModelRef ref, ModelRef::parse(name));
    const std::string path = fmt::format("{}/{}", folder(), manifest_path(ref));
    Statement row(database, "SELECT id FROM models WHERE name = ?");
    row.with(std::string_view(name));
    if (row.step()) {
      QUERN_TRY(const StoredModel stored, read_model(database, row.integer(0), folder()));
      std::error_code error;
      std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
      if (error) return fail(Errc::io, "{}: its folder cannot be made: {}", path, error.message());
      QUERN_CHECK(write_whole(path, manifest_text(stored.model, folder())));
    } else if (row.failed()) {
      return database.failure("cannot be read");
    } else if (::unlink(path.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR) {
      return io_error(path, "removed");
    }
  }
  return database.execute("DELETE FROM pending_manifests");
}

Status Registry::check_files(const Model& model) const {
  std::set<std::string> seen;
  for (const ModelFile& file : model.files) {
    struct stat info {};
    if (!seen.insert(file.path).second) {
      return fail(Errc::bad_input, "{}: want each file once, found {} twice", model.name.display(), file.path);
    }
    if (::stat(file.path.c_str(), &info) != 0) return io_error(file.path, "found");
    if (!S_ISREG(info.st_mode)) return fail(Errc::bad_input, "{}: want a regular file", file.path);
    if (static_cast<std::uint64_t>(info.st_size) != file.size_bytes) {
      return fail(Errc::not_found, "{}: want {} bytes, found {}", file.path, file.size_bytes, info.st_size);
    }
  }
  return {};
}

Status Registry::add(Model model, OnConflict on_conflict) {
  QUERN_CHECK(check_model(model));
  if (model.created_unix_s == 0) model.created_unix_s = now_unix_s();
  if (model.last_used_unix_s == 0) model.last_used_unix_s = model.created_unix_s;
  const std::string key = key_of(model.name);
  std::vector<ModelFile> replaced;
  QUERN_CHECK(change([&](Database& database) -> Status {
    // With the right to write, so that nobody takes a file away between this look and the row that names it.
    QUERN_CHECK(check_files(model));
    QUERN_TRY(const std::optional<std::int64_t> id, find_id(database, key));
    if (id) {
      QUERN_TRY(StoredModel old, read_model(database, *id, folder()));
      const bool is_alias = lower(key_of(old.model.name)) != lower(key);
      if (on_conflict == OnConflict::refuse || is_alias) {
        return fail(Errc::bad_input, "{}: there is {} of that name", model.name.display(),
                    is_alias ? "an alias" : "a model");
      }
      if (!same_content(old.model, model)) {
        QUERN_TRY(const std::optional<StoredVersion> older, find_version(database, key));
        if (older) {
          QUERN_TRY(const Model forgotten, read_manifest(older->manifest, folder()));
          replaced = forgotten.files;
        }
        QUERN_CHECK(insert_version(database, old.model, now_unix_s(), folder()));
      }
      model.pinned = model.pinned || old.model.pinned;
      if (model.aliases.empty()) model.aliases = old.model.aliases;
      model.variants.merge(old.model.variants);
      QUERN_CHECK(mark_pending(database, key_of(old.model.name)));
      QUERN_CHECK(delete_model(database, *id));
    }
    QUERN_TRY(const std::int64_t added, insert_model(database, model, folder()));
    QUERN_CHECK(check_aliases(database, added, model));
    return mark_pending(database, key);
  }));
  if (replaced.empty()) return {};
  const Result<Freed> freed = free_files(replaced);
  return freed ? Status() : Status(freed.error());
}

Result<Model> Registry::find(const ModelRef& ref) {
  return read<Model>([&](const Database& database) -> Result<Model> {
    QUERN_TRY(const std::int64_t id, find_one(database, ref));
    QUERN_TRY(StoredModel stored, read_model(database, id, folder()));
    return std::move(stored.model);
  });
}

Result<std::int64_t> Registry::find_one(const Database& database, const ModelRef& ref) const {
  QUERN_TRY(std::optional<std::int64_t> id, find_id(database, key_of(ref)));
  if (!id && ref.kind == RefKind::hugging_face && ref.tag.empty() && ref.file.empty()) {
    QUERN_TRY(id, find_hub_quant(database, ref));
  }
  if (!id) return no_such(database, ref);
  if (ref.digest.empty() && ref.variant.empty()) return *id;
  QUERN_TRY(const StoredModel stored, read_model(database, *id, folder()));
  if (!ref.digest.empty() && ref.digest != stored.model.digest) {
    return fail(Errc::not_found, "{}: the model here has the digest {}", ref.display(),
                stored.model.digest.empty() ? "of nothing" : stored.model.digest.text());
  }
  if (ref.variant.empty() || stored.model.variants.contains(ref.variant)) return *id;
  std::string known;
  for (const auto& [name, settings] : stored.model.variants)
    known += fmt::format("{}@{}", known.empty() ? "" : ", ", name);
  return fail(Errc::not_found, "{}: the model has no such variant; it has {}", ref.display(),
              known.empty() ? "none" : known);
}

Result<std::int64_t> Registry::find_hub_quant(const Database& database, const ModelRef& ref) const {
  const std::string prefix = key_of(ref) + ":";
  Statement row(database,
                "SELECT id, name FROM models WHERE substr(name, 1, ?1) = ?2 COLLATE NOCASE ORDER BY "
                "name LIKE '%:Q4\\_K\\_M' ESCAPE '\\' DESC, name");
  row.with(static_cast<std::int64_t>(prefix.size()), std::string_view(prefix));
  if (!row.step()) return row.failed() ? database.failure("cannot be read") : no_such(database, ref);
  const std::int64_t id = row.integer(0);
  std::string names = row.text(1);
  if (lower(names).ends_with(":q4_k_m") || !row.step()) return id;
  names += ", " + row.text(1);
  while (row.step()) names += ", " + row.text(1);
  return fail(Errc::not_found, "{}: want one of its quantisations: {}", ref.display(), names);
}

Error Registry::no_such(const Database& database, const ModelRef& ref) const {
  std::string others;
  Statement row(database, "SELECT name FROM models ORDER BY name");
  while (row.step()) {
    const Result<ModelRef> name = ModelRef::parse(row.text(0));
    if (name && lower(name->model) == lower(ref.model)) others += (others.empty() ? "" : ", ") + name->display();
  }
  return fail(Errc::not_found, "model '{}' not found{}{}", ref.display(), others.empty() ? "" : "; there is ", others);
}

Result<std::vector<Model>> Registry::list() {
  return read<std::vector<Model>>([&](const Database& database) -> Result<std::vector<Model>> {
    std::vector<Model> out;
    QUERN_TRY(const std::vector<std::int64_t> ids, model_ids(database));
    for (const std::int64_t id : ids) {
      Result<StoredModel> stored = read_model(database, id, folder());
      if (!stored && stored.error().code == Errc::not_found) continue;  // gone since
      if (!stored) return stored.error();
      out.push_back(std::move(stored->model));
    }
    return out;
  });
}

Result<Freed> Registry::remove(const ModelRef& name) {
  std::vector<ModelFile> files;
  QUERN_CHECK(change([&](Database& database) -> Status {
    QUERN_TRY(const std::int64_t id, find_one(database, name));
    QUERN_TRY(const StoredModel stored, read_model(database, id, folder()));
    const std::string key = key_of(stored.model.name), asked = key_of(name);
    QUERN_CHECK(mark_pending(database, key));
    const auto alias = std::ranges::find_if(stored.model.aliases,
                                            [&](const std::string& text) { return lower(text) == lower(asked); });
    if (alias != stored.model.aliases.end()) {
      Statement remove(database, "DELETE FROM aliases WHERE name = ?");
      remove.with(std::string_view(*alias));
      return remove.run() ? Status() : Status(database.failure("cannot be written"));
    }
    files = stored.model.files;
    QUERN_TRY(const std::optional<StoredVersion> version, find_version(database, key));
    if (version) {
      // One that cannot be read is forgotten all the same; its files are unnamed then, and clean takes them.
      const Result<Model> old = read_manifest(version->manifest, folder());
      if (old) files.insert(files.end(), old->files.begin(), old->files.end());
      QUERN_CHECK(delete_version(database, key));
    }
    return delete_model(database, id);
  }));
  return free_files(files);
}

Result<Freed> Registry::free_files(const std::vector<ModelFile>& files) {
  Freed freed;
  std::set<std::string> seen;
  // With the right to write: nobody adds a model that names one of them meanwhile.
  QUERN_CHECK(writer_.run([&](Database& database) -> Status {
    for (const ModelFile& file : files) {
      if (!blobs_.owns(file.path) || !seen.insert(file.path).second) continue;
      const std::string stored = stored_path(file.path, folder());
      QUERN_TRY(const bool named, is_named(database, stored));
      if (named) continue;
      QUERN_TRY(const Digest digest, Digest::parse(std::filesystem::path(file.path).filename().string()));
      const Result<std::uint64_t> n_bytes = blobs_.size_of(digest);
      QUERN_TRY(const bool removed, blobs_.remove(digest));
      if (removed) {
        freed.n_bytes += n_bytes ? *n_bytes : 0;
        freed.paths.push_back(file.path);
        Statement forget(database, "DELETE FROM sources WHERE path = ?");
        if (!forget.with(std::string_view(stored)).run()) return database.failure("cannot be written");
      } else if (n_bytes) {
        freed.in_use.push_back(file.path);
      }
    }
    return {};
  }));
  return freed;
}

Status Registry::copy(const ModelRef& from, const ModelRef& to) {
  QUERN_TRY(Model model, find(from));
  if (!from.variant.empty()) model.settings = merged(model.settings, model.variants[from.variant]);
  model.origin = key_of(model.name);
  model.name = to;
  model.aliases.clear();
  model.pinned = false;
  model.created_unix_s = model.last_used_unix_s = 0;
  return add(std::move(model));
}

Status Registry::update(const ModelRef& name, const std::function<Status(Model&)>& edit) {
  return change([&](Database& database) -> Status {
    QUERN_TRY(const std::int64_t id, find_one(database, name));
    QUERN_TRY(StoredModel stored, read_model(database, id, folder()));
    const std::string key = key_of(stored.model.name);
    QUERN_CHECK(edit(stored.model));
    QUERN_CHECK(check_model(stored.model));
    for (const std::string& alias : stored.model.aliases) {
      QUERN_TRY(const std::optional<std::int64_t> taken, find_id(database, alias));
      if (taken && *taken != id) return fail(Errc::bad_input, "alias {}: there is a model of that name", alias);
    }
    QUERN_CHECK(update_settings(database, id, stored.model));
    QUERN_CHECK(check_aliases(database, id, stored.model));
    return mark_pending(database, key);
  });
}

void Registry::touch(const ModelRef& name) {
  const std::int64_t now = now_unix_s();
  const auto written = writer_.submit([this, name, now](Database& database) -> Status {
    const Result<std::int64_t> id = find_one(database, name);
    Statement update(database, "UPDATE models SET last_used = max(last_used, ?) WHERE id = ?");
    const bool done = !id || update.with(now, *id).run();
    if (!done) log::warn("{}", database.failure("when a model was used last cannot be written").detail);
    return {};
  });
  static_cast<void>(written);
}

Result<std::optional<Model>> Registry::previous(const ModelRef& name) {
  return read<std::optional<Model>>([&](const Database& database) -> Result<std::optional<Model>> {
    QUERN_TRY(const std::int64_t id, find_one(database, name));
    QUERN_TRY(const StoredModel stored, read_model(database, id, folder()));
    QUERN_TRY(const std::optional<StoredVersion> version, find_version(database, key_of(stored.model.name)));
    if (!version) return std::optional<Model>();
    QUERN_TRY(Model model, read_manifest(version->manifest, folder()));
    return std::optional(std::move(model));
  });
}

Status Registry::restore(const ModelRef& name) {
  return change([&](Database& database) -> Status {
    QUERN_TRY(const std::int64_t id, find_one(database, name));
    QUERN_TRY(const StoredModel stored, read_model(database, id, folder()));
    const std::string key = key_of(stored.model.name);
    QUERN_TRY(const std::optional<StoredVersion> version, find_version(database, key));
    if (!version) return fail(Errc::not_found, "{}: there is no previous version of it", stored.model.name.display());
    QUERN_TRY(Model model, read_manifest(version->manifest, folder()));
    QUERN_CHECK(check_files(model));
    model.pinned = stored.model.pinned;
    model.aliases = stored.model.aliases;
    model.last_used_unix_s = stored.model.last_used_unix_s;
    QUERN_CHECK(insert_version(database, stored.model, now_unix_s(), folder()));
    QUERN_CHECK(delete_model(database, id));
    QUERN_TRY(const std::int64_t restored, insert_model(database, model, folder()));
    static_cast<void>(restored);
    return mark_pending(database, key);
  });
}

Result<Freed> Registry::forget_previous(const ModelRef& name) {
  QUERN_TRY(const std::optional<Model> old, previous(name));
  if (!old) return Freed();
  QUERN_CHECK(writer_.run([&](Database& database) { return delete_version(database, key_of(old->name)); }));
  return free_files(old->files);
}

Result<std::optional<Digest>> Registry::verified(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return io_error(path, "found");
  return read<std::optional<Digest>>([&](const Database& database) -> Result<std::optional<Digest>> {
    const std::string stored = stored_path(path, folder());
    Statement row(
        database,
        "SELECT digest FROM sources WHERE path = ? AND size_bytes = ? AND modified_ns = ? AND verified_at > 0");
    row.with(std::string_view(stored), std::int64_t{info.st_size}, modified_ns(info));
    if (!row.step())
      return row.failed() ? Result<std::optional<Digest>>(database.failure("cannot be read")) : std::optional<Digest>();
    QUERN_TRY(Digest digest, Digest::parse(row.text(0)));
    return std::optional(std::move(digest));
  });
}

Status Registry::remember_verified(const std::string& path, const Digest& digest) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return io_error(path, "found");
  const std::string stored = stored_path(path, folder()), text = digest.text();
  return writer_.run([&](Database& database) -> Status {
    Statement row(database,
                  "INSERT INTO sources VALUES(?,'','','',?,?,?,?,?) ON CONFLICT(path) DO UPDATE SET digest = "
                  "excluded.digest, size_bytes = excluded.size_bytes, modified_ns = excluded.modified_ns, "
                  "verified_at = excluded.verified_at, last_used = excluded.last_used");
    row.with(std::string_view(stored), std::string_view(text), std::int64_t{info.st_size}, modified_ns(info),
             now_unix_s(), now_unix_s());
    return row.run() ? Status() : Status(database.failure("cannot be written"));
  });
}

}  // namespace quern::registry

// The models of this machine: names, files, settings, in an SQLite database beside the blobs.
//   <models>/registry.db      the database (WAL; any number of processes)
//   <models>/blobs/           blob_store.hpp
//   <models>/manifests/       manifest.hpp: the same to read, and to rebuild the database from
// A model appears in one transaction, after all its files are whole and on disk, and goes the same way: whatever is
// killed and when, what is listed is whole. Files of our own go when neither a model nor a previous version names them
// any more; files elsewhere (a path, the stores of other tools) are named here and never touched.
// Threads: any; readers share one connection, all writes go through one thread (writer.hpp). Calls take milliseconds
// and wait for other processes up to kBusy: not on an I/O thread. Errors: not_found, bad_input, io, corrupt (the file
// is no registry, or broken: check.hpp rebuilds it), unsupported (made by a newer quern), overloaded (disk full).
#pragma once

#include "base/result.hpp"
#include "base/sqlite.hpp"
#include "registry/blob_store.hpp"
#include "registry/model.hpp"
#include "registry/rows.hpp"
#include "registry/writer.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quern::registry {

enum class OnConflict { refuse, replace };

// What went with a model, or would.
struct Freed {
  std::uint64_t n_bytes = 0;
  std::vector<std::string> paths;   // removed
  std::vector<std::string> in_use;  // that somebody holds: a later clean takes them
};

class Registry {
 public:
  static constexpr std::chrono::seconds kBusy{30};

  static Result<std::unique_ptr<Registry>> open(const std::string& folder);  // made where it is missing
  // Errors: not_found where there is none.
  static Result<std::unique_ptr<Registry>> existing(const std::string& folder);
  static std::string database_path(const std::string& folder) { return folder + "/registry.db"; }

  const BlobStore& blobs() const noexcept { return blobs_; }
  const std::string& folder() const noexcept { return blobs_.folder(); }

  // Errors: bad_input where the name is taken (refuse), or as check_model(); not_found where a file is not there or
  // has another size. replace: what was there is kept as the previous version; its pin, aliases and variants go on.
  Status add(Model model, OnConflict on_conflict = OnConflict::refuse);

  // By any spelling, of a model or an alias. Of the hub without a quantisation: the only one that is there, else
  // Q4_K_M. Errors: not_found, also for another digest or a variant that it does not have.
  Result<Model> find(const ModelRef& ref);
  Result<std::vector<Model>> list();  // by name

  Result<Freed> remove(const ModelRef& name);  // with its previous version; an alias: the alias alone
  Status copy(const ModelRef& from, const ModelRef& to);
  // Settings, variants, aliases, tags and the pin. Errors: also those of `change`.
  Status update(const ModelRef& name, const std::function<Status(Model&)>& change);
  // It was used now. Returns at once; what cannot be written is logged.
  void touch(const ModelRef& name);

  Result<std::optional<Model>> previous(const ModelRef& name);
  Status restore(const ModelRef& name);  // the previous version; what was there becomes that
  Result<Freed> forget_previous(const ModelRef& name);

  // A file that was hashed once is not hashed again while size and time of change stay. Empty: not known.
  Result<std::optional<Digest>> verified(const std::string& path);
  Status remember_verified(const std::string& path, const Digest& digest);

  // For the other files of this folder. `job` runs in a transaction on the writing thread.
  Status change(Writer::Job job);
  template <class T>
  Result<T> read(const std::function<Result<T>(const sqlite::Database&)>& query) {
    const std::lock_guard lock(read_mutex_);
    return query(reader_);
  }
  // Removes files of our own that nobody names any more.
  Result<Freed> free_files(const std::vector<ModelFile>& files);

 private:
  Registry(BlobStore blobs, sqlite::Database reader, sqlite::Database writer);
  static Result<std::unique_ptr<Registry>> connect(BlobStore blobs, sqlite::Database::Mode mode);
  Status check_files(const Model& model) const;
  Status settle_manifests(sqlite::Database& database) const;
  Result<std::int64_t> find_one(const sqlite::Database& database, const ModelRef& ref) const;
  Result<std::int64_t> find_hub_quant(const sqlite::Database& database, const ModelRef& ref) const;
  Error no_such(const sqlite::Database& database, const ModelRef& ref) const;

  const BlobStore blobs_;
  std::mutex read_mutex_;
  sqlite::Database reader_;  // guarded by read_mutex_
  Writer writer_;
};

std::int64_t now_unix_s();

}  // namespace quern::registry

#include "registry/clean.hpp"

#include "registry/manifest.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace quern::registry {
namespace {

// Who names which of our files: what would be free without one of them.
class Names {
 public:
  Names(const BlobStore& blobs, const std::vector<Model>& models, const std::vector<Model>& versions) : blobs_(blobs) {
    for (const std::vector<Model>* group : {&models, &versions}) {
      for (const Model& model : *group) {
        for (const std::string& path : ours(model)) ++n_names_[path];
      }
    }
  }

  bool is_named(const std::string& path) const { return n_names_.contains(path); }

  // Bytes that go when this one goes; it is counted as gone then.
  std::uint64_t drop(const Model& model) {
    std::uint64_t n_bytes = 0;
    for (const ModelFile& file : model.files) {
      const auto found = n_names_.find(file.path);
      if (found == n_names_.end() || found->second == 0 || --found->second > 0) continue;
      n_bytes += file.size_bytes;
    }
    return n_bytes;
  }
  bool would_free(const Model& model) const {
    return std::ranges::any_of(ours(model), [this](const std::string& path) { return n_names_.at(path) == 1; });
  }

 private:
  std::set<std::string> ours(const Model& model) const {
    std::set<std::string> out;
    for (const ModelFile& file : model.files) {
      if (blobs_.owns(file.path)) out.insert(file.path);
    }
    return out;
  }

  const BlobStore& blobs_;
  std::map<std::string, int> n_names_;
};

Result<std::vector<Model>> versions_of(Registry& registry) {
  QUERN_TRY(const std::vector<StoredVersion> stored,
            registry.read<std::vector<StoredVersion>>([](const sqlite::Database& d) { return all_versions(d); }));
  std::vector<Model> out;
  for (const StoredVersion& version : stored) {
    QUERN_TRY(Model model, read_manifest(version.manifest, registry.folder()));
    out.push_back(std::move(model));
  }
  return out;
}

class Cleaner {
 public:
  Cleaner(Registry& registry, const CleanOptions& options) : registry_(registry), options_(options) {}

  Result<CleanReport> run() {
    const BlobStore& blobs = registry_.blobs();
    QUERN_TRY(report_.bytes_before, blobs.total_bytes());
    left_ = report_.bytes_before;
    QUERN_TRY(std::vector<Model> models, registry_.list());
    QUERN_TRY(const std::vector<Model> versions, versions_of(registry_));
    Names names(blobs, models, versions);
    QUERN_TRY(const std::uint64_t n_leftover, blobs.remove_leftovers(options_.min_age, options_.dry_run));
    if (n_leftover > 0) note({CleanStep::What::leftovers, "unfinished downloads and copies", n_leftover});
    QUERN_CHECK(remove_unnamed(names));
    if (options_.limit_bytes) {
      for (const Model& version : versions) QUERN_CHECK(drop_version(version, names));
      std::ranges::stable_sort(models, {}, &Model::last_used_unix_s);
      for (const Model& model : models) QUERN_CHECK(drop_model(model, names));
    }
    report_.bytes_after = left_;
    if (!options_.dry_run) {
      QUERN_TRY(report_.bytes_after, blobs.total_bytes());
    }
    return std::move(report_);
  }

 private:
  bool fits() const { return left_ <= *options_.limit_bytes; }
  void note(CleanStep step) {
    left_ -= std::min(left_, step.n_bytes);
    report_.steps.push_back(std::move(step));
  }

  Status remove_unnamed(const Names& names) {
    QUERN_TRY(const std::vector<Blob> blobs, registry_.blobs().list());
    for (const Blob& blob : blobs) {
      const std::string path = registry_.blobs().path_of(blob.digest);
      if (names.is_named(path) || blob.age < options_.min_age) continue;
      std::uint64_t n_bytes = blob.size_bytes;
      if (!options_.dry_run) {
        // It looks again, with the right to write: a model may name it by now.
        QUERN_TRY(const Freed freed, registry_.free_files({{.path = path, .digest = blob.digest}}));
        if (freed.paths.empty()) continue;
        n_bytes = freed.n_bytes;
      }
      note({CleanStep::What::unnamed_blob, blob.digest.text(), n_bytes});
    }
    return {};
  }

  Status drop_version(const Model& version, Names& names) {
    if (fits() || !names.would_free(version)) return {};
    std::uint64_t n_bytes = names.drop(version);
    if (!options_.dry_run) {
      QUERN_TRY(const Freed freed, registry_.forget_previous(version.name));
      n_bytes = freed.n_bytes;
    }
    note({CleanStep::What::previous_version, version.name.display(), n_bytes});
    return {};
  }

  Status drop_model(const Model& model, Names& names) {
    if (fits() || !names.would_free(model)) return {};
    const bool in_use = options_.in_use && options_.in_use(model);
    if (model.pinned || in_use) {
      report_.kept.push_back(fmt::format("{}: {}", model.name.display(), in_use ? "in use" : "pinned"));
      return {};
    }
    std::uint64_t n_bytes = names.drop(model);
    if (!options_.dry_run) {
      const Result<Freed> freed = registry_.remove(model.name);
      if (!freed && freed.error().code == Errc::not_found) return {};  // somebody else was faster
      if (!freed) return freed.error();
      n_bytes = freed->n_bytes;
    }
    note({CleanStep::What::model, model.name.display(), n_bytes});
    return {};
  }

  Registry& registry_;
  const CleanOptions& options_;
  CleanReport report_;
  std::uint64_t left_ = 0;
};

}  // namespace

Result<CleanReport> clean(Registry& registry, const CleanOptions& options) {
  return Cleaner(registry, options).run();
}

}  // namespace quern::registry

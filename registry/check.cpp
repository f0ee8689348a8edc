#include "registry/check.hpp"

#include "registry/disk_file.hpp"
#include "registry/manifest.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include <sys/stat.h>
#include <unistd.h>

namespace quern::registry {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxManifestBytes = 16u << 20;

class Checker {
 public:
  Checker(Registry& registry, const CheckOptions& options) : registry_(registry), options_(options) {}

  Result<CheckReport> run() {
    QUERN_CHECK(check_database());
    QUERN_TRY(const std::vector<Model> models, registry_.list());
    report_.n_models = models.size();
    for (const Model& model : models) QUERN_CHECK(check_model_files(model));
    QUERN_CHECK(check_manifests());
    return std::move(report_);
  }

 private:
  Status check_database() {
    QUERN_TRY(const std::string found, registry_.read<std::string>([](const sqlite::Database& database) {
      sqlite::Statement row(database, "PRAGMA quick_check(1)");
      return row.step() ? Result<std::string>(row.text(0)) : database.failure("cannot be checked");
    }));
    if (found == "ok") return {};
    return fail(Errc::corrupt, "{}: {}", Registry::database_path(registry_.folder()), found);
  }

  Status check_model_files(const Model& model) {
    bool whole = true;
    for (const ModelFile& file : model.files) {
      ++report_.n_files;
      QUERN_TRY(const std::string wrong, fault_of(file));
      if (wrong.empty()) continue;
      whole = false;
      Problem problem{model.name.display(), file.path, wrong, fmt::format("quern pull {}", model.name.display()),
                      false};
      if (options_.repair) {
        problem.repaired = true;
        problem.remedy =
            fmt::format("the model is not listed any more; `quern pull {}` brings it again", model.name.display());
      }
      report_.problems.push_back(std::move(problem));
    }
    if (whole || !options_.repair) return {};
    const Result<Freed> removed = registry_.remove(model.name);
    if (!removed && removed.error().code != Errc::not_found) return removed.error();
    // Another model may name the damaged blob as well, and goes too when it is looked at.
    for (const ModelFile& file : model.files) {
      if (!damaged_.contains(file.path) || !registry_.blobs().owns(file.path)) continue;
      QUERN_TRY(const Digest digest, Digest::parse(fs::path(file.path).filename().string()));
      QUERN_TRY(const bool gone, registry_.blobs().remove(digest));
      static_cast<void>(gone);
    }
    return {};
  }

  // Empty: it is as it should be.
  Result<std::string> fault_of(const ModelFile& file) {
    if (damaged_.contains(file.path)) return damaged_[file.path];
    struct stat info {};
    if (::stat(file.path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::string("the file is missing");
    if (static_cast<std::uint64_t>(info.st_size) != file.size_bytes) {
      return damaged_[file.path] = fmt::format("want {} bytes, found {}", file.size_bytes, info.st_size);
    }
    if (!options_.digests || file.digest.empty() || sound_.contains(file.path)) return std::string();
    // A file of somebody else's is read once, and again when it changed.
    if (!registry_.blobs().owns(file.path)) {
      QUERN_TRY(const std::optional<Digest> known, registry_.verified(file.path));
      if (known && *known == file.digest) return std::string();
    }
    const auto on_bytes = [&](std::uint64_t n) { return !options_.on_bytes || options_.on_bytes(file.path, n); };
    QUERN_TRY(const Digest found, digest_of_file(file.path, on_bytes));
    if (found != file.digest) {
      return damaged_[file.path] = fmt::format("want {}, found {}", file.digest.text(), found.text());
    }
    sound_.insert(file.path);
    QUERN_CHECK(registry_.remember_verified(file.path, found));
    return std::string();
  }

  Status check_manifests() {
    QUERN_TRY(const std::vector<Model> models, registry_.list());
    std::map<std::string, const Model*> expected;
    for (const Model& model : models) expected[registry_.folder() + "/" + manifest_path(model.name)] = &model;
    for (const auto& [path, model] : expected) {
      const Result<std::string> text = read_whole(path, kMaxManifestBytes);
      Result<Model> read = text ? read_manifest(*text, registry_.folder()) : Result<Model>(text.error());
      if (read) read->last_used_unix_s = model->last_used_unix_s;  // which is written with the next change
      if (read && *read == *model) continue;
      QUERN_CHECK(
          write_manifest(path, *model, read ? "it says something else than the registry" : read.error().detail));
    }
    std::error_code error;
    fs::recursive_directory_iterator it(registry_.folder() + "/manifests", error), end;
    std::vector<std::string> others;
    for (; !error && it != end; it.increment(error)) {
      const std::string path = it->path().string();
      std::error_code ignored;
      if (path.ends_with(".json") && it->is_regular_file(ignored) && !expected.contains(path)) others.push_back(path);
    }
    std::ranges::sort(others);
    for (const std::string& path : others) QUERN_CHECK(read_back(path));
    return {};
  }

  Status write_manifest(const std::string& path, const Model& model, const std::string& what) {
    Problem problem{model.name.display(), path, "manifest: " + what, "quern models check --repair", false};
    if (options_.repair) {
      // The name waits in the database, so that the writer does it as ever.
      QUERN_CHECK(registry_.update(model.name, [](Model&) { return Status(); }));
      problem.remedy = "written anew";
      problem.repaired = true;
    }
    report_.problems.push_back(std::move(problem));
    return {};
  }

  // A manifest without a row: of a registry that was lost.
  Status read_back(const std::string& path) {
    Problem problem{"", path, "manifest: the registry does not list it", "quern models check --repair", false};
    if (options_.repair) {
      const Result<std::string> text = read_whole(path, kMaxManifestBytes);
      Result<Model> model = text ? read_manifest(*text, registry_.folder()) : Result<Model>(text.error());
      if (model) problem.model = model->name.display();
      const Status added = model ? registry_.add(std::move(*model)) : Status(model.error());
      problem.repaired = added.has_value();
      problem.remedy =
          added ? "listed again"
                : fmt::format("cannot be listed: {}; remove the file, and pull the model", added.error().detail);
    }
    report_.problems.push_back(std::move(problem));
    return {};
  }

  Registry& registry_;
  const CheckOptions& options_;
  CheckReport report_;
  std::map<std::string, std::string> damaged_;
  std::set<std::string> sound_;
};

}  // namespace

Result<CheckReport> check(Registry& registry, const CheckOptions& options) {
  return Checker(registry, options).run();
}

Result<std::unique_ptr<Registry>> open_or_rebuild(const std::string& folder, std::vector<Problem>& problems) {
  Result<std::unique_ptr<Registry>> opened = Registry::open(folder);
  if (opened) {
    const Result<CheckReport> probe = check(**opened, {.digests = false, .repair = false, .on_bytes = {}});
    if (probe || probe.error().code != Errc::corrupt) return opened;
    opened = probe.error();
  }
  if (opened.error().code != Errc::corrupt) return opened;
  const std::string path = Registry::database_path(folder);
  Problem problem{"", path, opened.error().detail, "", true};
  if (std::rename(path.c_str(), (path + ".broken").c_str()) != 0) return io_error(path, "put aside");
  for (const char* suffix : {"-wal", "-shm"}) ::unlink((path + suffix).c_str());
  problem.remedy = fmt::format("made anew from the manifests; the old one is {}.broken", path);
  problems.push_back(std::move(problem));
  return Registry::open(folder);
}

}  // namespace quern::registry

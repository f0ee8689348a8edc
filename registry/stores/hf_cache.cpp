#include "registry/stores/hf_cache.hpp"

#include "registry/disk_file.hpp"
#include "registry/gguf_names.hpp"
#include "registry/name_parts.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

#include <sys/stat.h>

namespace quern::registry {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxEntries = 20'000;
constexpr int kMaxDepth = 8;
constexpr std::string_view kRepoPrefix = "models--";

// A commit that a revision means, and its folder.
struct Snapshot {
  std::string revision;  // empty: main
  std::string commit, folder;
};

bool is_commit(std::string_view text) {
  return text.size() == 40 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// org--name -> {org, name}; other names are not of the hub's models.
bool split_repo(std::string_view folder_name, std::string& organisation, std::string& name) {
  if (!folder_name.starts_with(kRepoPrefix)) return false;
  folder_name.remove_prefix(kRepoPrefix.size());
  const std::size_t at = folder_name.find("--");
  if (at == std::string_view::npos) return false;
  organisation = folder_name.substr(0, at);
  name = folder_name.substr(at + 2);
  return check_part(organisation, kHubPart).has_value() && check_part(name, kHubPart).has_value();
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ' || text.back() == '\r')) text.pop_back();
  return text;
}

// Files below a folder, as paths relative to it, sorted. Symbolic links to folders are not followed.
std::vector<std::string> files_below(const std::string& folder, StoreListing& out) {
  std::vector<std::string> paths;
  std::error_code error;
  fs::recursive_directory_iterator it(folder, error), end;
  for (; !error && it != end; it.increment(error)) {
    if (it.depth() >= kMaxDepth) it.disable_recursion_pending();
    std::error_code ignored;
    if (it->is_directory(ignored) && !it->is_symlink(ignored)) continue;
    paths.push_back(it->path().lexically_relative(folder).string());
    if (paths.size() < kMaxEntries) continue;
    out.notes.push_back(fmt::format("{}: more than {} files: the rest is not looked at", folder, kMaxEntries));
    break;
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    out.notes.push_back(fmt::format("{}: cannot be read: {}", folder, error.message()));
  }
  std::ranges::sort(paths);
  return paths;
}

std::vector<Snapshot> snapshots_of(const std::string& repo, StoreListing& out) {
  std::vector<Snapshot> found;
  for (const std::string& revision : files_below(repo + "/refs", out)) {
    const Result<std::string> text = read_whole(repo + "/refs/" + revision, 4096);
    const std::string commit = text ? trimmed(*text) : "";
    if (!is_commit(commit)) {
      out.notes.push_back(fmt::format("{}/refs/{}: want a commit, found something else", repo, revision));
      continue;
    }
    found.push_back({revision == "main" ? "" : revision, commit, fmt::format("{}/snapshots/{}", repo, commit)});
  }
  std::ranges::stable_sort(found, {}, [](const Snapshot& s) { return !s.revision.empty(); });  // main first
  return found;
}

// From the name of the blob that a link of a snapshot leads to.
Digest digest_of_link(const std::string& path) {
  std::error_code error;
  const std::string target = fs::read_symlink(path, error).filename().string();
  const Result<Digest> digest = error || target.size() != 64 ? Result<Digest>(Digest()) : Digest::parse(target);
  return digest ? *digest : Digest();
}

Result<ModelFile> file_of(const Snapshot& snapshot, const std::string& repo_name, const std::string& inner,
                          FileRole role) {
  const std::string path = snapshot.folder + "/" + inner;
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return io_error(path, "found");
  if (!S_ISREG(info.st_mode)) return fail(Errc::not_found, "{}: want a regular file", path);
  return ModelFile{.role = role,
                   .path = path,
                   .digest = digest_of_link(path),
                   .size_bytes = static_cast<std::uint64_t>(info.st_size),
                   .source = {repo_name, snapshot.commit, inner}};
}

class RepoReader {
 public:
  RepoReader(std::string organisation, std::string name, StoreListing& out)
      : organisation_(std::move(organisation)), name_(std::move(name)), out_(out) {}

  void read(const Snapshot& snapshot) {
    std::vector<std::string> inners = files_below(snapshot.folder, out_);
    std::erase_if(inners, [](const std::string& path) { return !ends_in_gguf(path) || !check_inner_path(path); });
    std::map<std::string, int> n_of_quant;
    for (const std::string& inner : inners) {
      const GgufName name = gguf_name(inner);
      if (name.is_model && name.shard <= 1) ++n_of_quant[lower(name.quant)];
    }
    for (const std::string& inner : inners) {
      const GgufName name = gguf_name(inner);
      if (!name.is_model || name.shard > 1) continue;
      const bool by_quant = !name.quant.empty() && n_of_quant[lower(name.quant)] == 1;
      add(snapshot, inner, by_quant ? name.quant : "", inners);
    }
  }

 private:
  void add(const Snapshot& snapshot, const std::string& inner, const std::string& quant,
           const std::vector<std::string>& inners) {
    StoreModel found;
    Model& model = found.model;
    model.name = ModelRef{.kind = RefKind::hugging_face,
                          .host = std::string(kHubHost),
                          .namespace_ = organisation_,
                          .model = name_,
                          .tag = quant,
                          .revision = snapshot.revision,
                          .file = quant.empty() ? inner : "",
                          .variant = "",
                          .digest = {}};
    model.origin = model.name.canonical();
    const std::string repo = fmt::format("{}/{}/{}", kHubHost, organisation_, name_);
    model.facts.quant = lower(gguf_name(inner).quant);
    for (const std::string& shard : shard_paths(inner)) add_file(snapshot, repo, shard, FileRole::weights, found);
    const std::string folder = inner.substr(0, inner.rfind('/') == std::string::npos ? 0 : inner.rfind('/') + 1);
    bool projector = false;
    for (const std::string& other : inners) {
      const FileRole role = gguf_name(other).role;
      if (role == FileRole::weights || !other.starts_with(folder)) continue;
      if (role == FileRole::projector && std::exchange(projector, true)) continue;  // one of several precisions
      add_file(snapshot, repo, other, role, found);
    }
    if (found.unusable.empty()) {
      out_.models.push_back(std::move(found));
    } else {
      out_.notes.push_back(found.unusable);
    }
  }

  static void add_file(const Snapshot& snapshot, const std::string& repo, const std::string& inner, FileRole role,
                       StoreModel& found) {
    Result<ModelFile> file = file_of(snapshot, repo, inner, role);
    if (file) {
      found.model.files.push_back(std::move(*file));
    } else if (role == FileRole::weights) {
      found.unusable = fmt::format("{}: not whole: {}", found.model.name.display(), file.error().detail);
    } else {
      found.notes.push_back(file.error().detail);
    }
  }

  std::string organisation_, name_;
  StoreListing& out_;
};

void read_repo(const std::string& folder, const std::string& folder_name, const std::string& revision_wanted,
               bool all_revisions, StoreListing& out) {
  std::string organisation, name;
  if (!split_repo(folder_name, organisation, name)) return;
  const std::string repo = folder + "/" + folder_name;
  std::vector<Snapshot> snapshots = snapshots_of(repo, out);
  if (!all_revisions && is_commit(revision_wanted)) {
    snapshots = {{revision_wanted, revision_wanted, fmt::format("{}/snapshots/{}", repo, revision_wanted)}};
  }
  for (const Snapshot& snapshot : snapshots) {
    if (all_revisions || snapshot.revision == revision_wanted) {
      RepoReader(organisation, name, out).read(snapshot);
    }
  }
}

// How much the hub would like to give it, less is more.
int rank_of(const StoreModel& found) {
  const std::string quant = lower(gguf_name(found.model.files.front().path).quant);
  return quant == "q4_k_m" ? 0 : quant == "q8_0" ? 1 : 2;
}

}  // namespace

StoreListing list_hf_cache(const std::string& folder) {
  StoreListing out;
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    out.notes.push_back(fmt::format("{}: cannot be read: {}", folder, error.message()));
  }
  std::ranges::sort(names);
  for (const std::string& name : names) read_repo(folder, name, "", true, out);
  return out;
}

Result<StoreModel> find_in_hf_cache(const std::string& folder, const ModelRef& ref) {
  StoreListing found;
  const std::string wanted = lower(fmt::format("{}{}--{}", kRepoPrefix, ref.namespace_, ref.model));
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (lower(name) == wanted) read_repo(folder, name, ref.revision, false, found);
  }
  std::erase_if(found.models, [&ref](const StoreModel& model) {
    const ModelFile& first = model.model.files.front();
    if (!ref.file.empty()) return lower(first.source.file) != lower(ref.file);
    return !ref.tag.empty() && lower(gguf_name(first.path).quant) != lower(ref.tag);
  });
  if (found.models.empty()) {
    return fail(Errc::not_found, "{}: not in the Hugging Face cache {}{}{}", ref.display(), folder,
                found.notes.empty() ? "" : "; ", found.notes.empty() ? "" : found.notes.back());
  }
  return *std::ranges::min_element(found.models, {}, &rank_of);
}

}  // namespace quern::registry

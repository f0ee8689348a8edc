#include "registry/pull/local_copies.hpp"

#include <algorithm>

#include <sys/stat.h>
#include <unistd.h>

namespace quern::registry::pull {
namespace {

std::string value_of(const sources::Environment& environment, const char* name) {
  const char* const value = environment(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string hf_cache(const sources::Environment& environment) {
  for (const char* const name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}) {
    if (std::string folder = value_of(environment, name); !folder.empty()) return folder;
  }
  if (const std::string home = value_of(environment, "HF_HOME"); !home.empty()) return home + "/hub";
  if (const std::string cache = value_of(environment, "XDG_CACHE_HOME"); !cache.empty())
    return cache + "/huggingface/hub";
  const std::string home = value_of(environment, "HOME");
  return home.empty() ? std::string() : home + "/.cache/huggingface/hub";
}

bool is_readable_file(const std::string& path, std::uint64_t size) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         static_cast<std::uint64_t>(info.st_size) == size && ::access(path.c_str(), R_OK) == 0;
}

}  // namespace

LocalFolders local_folders(const sources::Environment& environment) {
  LocalFolders out{hf_cache(environment), {}};
  if (std::string named = value_of(environment, "OLLAMA_MODELS"); !named.empty())
    out.ollama_models.push_back(std::move(named));
  if (const std::string home = value_of(environment, "HOME"); !home.empty())
    out.ollama_models.push_back(home + "/.ollama/models");
  out.ollama_models.emplace_back("/usr/share/ollama/.ollama/models");
  return out;
}

std::optional<std::string> find_local_copy(const LocalFolders& folders, const sources::PullPlan& plan,
                                           const sources::PlanFile& file) {
  if (file.digest.kind != sources::DigestKind::sha256 || !sources::is_gguf_role(file.role)) return std::nullopt;
  std::vector<std::string> paths;
  if (plan.source == "huggingface" && !folders.hf_cache.empty()) {
    std::string repo = plan.repo;  // "org/name"
    if (const std::size_t slash = repo.find('/'); slash != std::string::npos) repo.replace(slash, 1, "--");
    paths.push_back(fmt::format("{}/models--{}/blobs/{}", folders.hf_cache, repo, file.digest.hex));
  }
  for (const std::string& folder : folders.ollama_models) {
    paths.push_back(fmt::format("{}/blobs/sha256-{}", folder, file.digest.hex));
  }
  const auto found =
      std::ranges::find_if(paths, [&file](const std::string& path) { return is_readable_file(path, file.size); });
  if (found == paths.end()) return std::nullopt;
  return *found;
}

}  // namespace quern::registry::pull

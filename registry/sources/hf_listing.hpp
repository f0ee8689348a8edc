// What the Hugging Face Hub answers to a question about a repository: JSON from outside, checked.
// Source: Hub API, /api/models/{repo}/revision/{rev} and /api/models/{repo}/tree/{rev}.
// Limits: 20,000 files of a repository, nesting of 16. Errors: corrupt, naming the member, what was found and expected.
// Threads: pure functions.
#pragma once

#include "base/result.hpp"
#include "registry/sources/content_digest.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quern::registry::sources {

inline constexpr std::size_t kMaxRepoFiles = 20'000;

struct RepoFile {
  std::string path;  // checked
  std::uint64_t size = 0;
  ContentDigest digest;
};

// Appends the files of one page of the tree; folders are left out.
Status read_tree_page(std::string_view json, std::vector<RepoFile>& files);

struct RepoInfo {
  std::string commit;  // 40 hex digits
  bool gated = false;
};
Result<RepoInfo> read_repo_info(std::string_view json);

// The address of `Link: <...>; rel="next"`.
std::optional<std::string> next_page(std::string_view link_header);

}  // namespace quern::registry::sources

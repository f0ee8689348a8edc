#include "registry/sources/hf_listing.hpp"

#include "registry/sources/outside_json.hpp"
#include "registry/sources/pull_plan.hpp"

namespace quern::registry::sources {
namespace {

namespace json = boost::json;

constexpr std::string_view kTree = "listing of the repository";

Result<RepoFile> read_entry(const json::object& entry) {
  RepoFile out;
  QUERN_TRY(out.path, text_member(entry, "path", kTree));
  QUERN_CHECK(check_file_name(out.path));
  QUERN_TRY(out.size, size_member(entry, "size", kTree));
  std::string digest = text_or_empty(entry, "oid");
  if (const json::value* const lfs = entry.if_contains("lfs"); lfs != nullptr && lfs->is_object()) {
    QUERN_TRY(digest, text_member(lfs->get_object(), "oid", kTree));
    QUERN_TRY(out.size, size_member(lfs->get_object(), "size", kTree));
    if (digest.starts_with("sha256:")) digest.erase(0, std::string_view("sha256:").size());
    if (!is_hex(digest, 64)) {
      return fail(Errc::corrupt, "{}: {}: lfs.oid: want 64 hex digits, found {}", kTree, out.path, quoted(digest));
    }
  }
  QUERN_TRY(out.digest, parse_bare_digest(digest));
  if (out.size > kMaxFileBytes) {
    return fail(Errc::corrupt, "{}: {}: want at most {} bytes, found {}", kTree, out.path, kMaxFileBytes, out.size);
  }
  return out;
}

}  // namespace

Status read_tree_page(std::string_view text, std::vector<RepoFile>& files) {
  QUERN_TRY(const json::value page, parse_outside(text, kTree));
  const json::array* const entries = page.if_array();
  if (entries == nullptr) return fail(Errc::corrupt, "{}: want a JSON array, found {}", kTree, quoted(text));
  for (const json::value& item : *entries) {
    const json::object* const entry = item.if_object();
    if (entry == nullptr) return fail(Errc::corrupt, "{}: want an object for each file, found something else", kTree);
    if (text_or_empty(*entry, "type") != "file") continue;
    if (files.size() >= kMaxRepoFiles) {
      return fail(Errc::corrupt, "{}: want at most {} files, found more", kTree, kMaxRepoFiles);
    }
    QUERN_TRY(RepoFile file, read_entry(*entry));
    files.push_back(std::move(file));
  }
  return {};
}

Result<RepoInfo> read_repo_info(std::string_view text) {
  constexpr std::string_view kWhat = "description of the repository";
  QUERN_TRY(const json::object object, parse_outside_object(text, kWhat));
  RepoInfo out;
  QUERN_TRY(out.commit, text_member(object, "sha", kWhat));
  if (!is_hex(out.commit, 40)) {
    return fail(Errc::corrupt, "{}: sha: want 40 hex digits, found {}", kWhat, quoted(out.commit));
  }
  const json::value* const gated = object.if_contains("gated");
  out.gated = gated != nullptr && (gated->is_string() || (gated->is_bool() && gated->get_bool()));
  return out;
}

std::optional<std::string> next_page(std::string_view header) {
  for (std::size_t at = header.find('<'); at != std::string_view::npos; at = header.find('<', at + 1)) {
    const std::size_t end = header.find('>', at);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view parameters = header.substr(end + 1, header.find('<', end) - end - 1);
    if (parameters.find("rel=\"next\"") != std::string_view::npos ||
        parameters.find("rel=next") != std::string_view::npos)
      return std::string(header.substr(at + 1, end - at - 1));
    at = end;
  }
  return std::nullopt;
}

}  // namespace quern::registry::sources

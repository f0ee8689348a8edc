// Arbitrary answers of hubs: listings, descriptions, manifests, configs, challenges, headers. Input: a byte that picks
// the reader, then the text. Invariants: no crash; what is accepted is checked (relative paths, hex digests, bounded
// sizes), so that files and addresses may be made of it.
#include "net/url.hpp"
#include "registry/pull/content_range.hpp"
#include "registry/sources/bearer_challenge.hpp"
#include "registry/sources/gguf_choice.hpp"
#include "registry/sources/hf_listing.hpp"
#include "registry/sources/oci_manifest.hpp"
#include "registry/sources/ollama_families.hpp"
#include "registry/sources/retry_policy.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace {

using namespace quern::registry::sources;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

void check_digest(const ContentDigest& digest) {
  const std::size_t n_digits = digest.kind == DigestKind::sha256 ? 64 : digest.kind == DigestKind::git_sha1 ? 40 : 0;
  require(is_hex(digest.hex, n_digits), "a digest");
}

void listing(std::string_view text) {
  std::vector<RepoFile> files;
  if (!read_tree_page(text, files)) return;
  for (const RepoFile& file : files) {
    require(check_file_name(file.path).has_value() && file.size <= kMaxFileBytes, "a file of a listing");
    check_digest(file.digest);
  }
  if (const auto choice = choose_gguf(files, "", "repo")) {
    require(!choice->files.empty(), "a choice");
  }
}

void manifest(std::string_view text) {
  const auto read = read_manifest(text);
  if (!read) return;
  require(!read->layers.empty() || !read->choices.empty(), "a manifest");
  for (const Layer& layer : read->layers) {
    check_digest(layer.digest);
    require(layer.name.empty() || check_file_name(layer.name).has_value(), "a layer's name");
  }
}

void challenge(std::string_view text) {
  const auto read = read_challenge(text);
  const auto registry = quern::net::parse_url("https://registry.example");
  if (!read) return;
  if (const auto url = token_address(*read, *registry))
    require(url->host == registry->host && url->tls, "where a token is fetched");
}

void range(std::string_view text) {
  const auto read = quern::registry::pull::read_content_range(text);
  if (read) require(read->begin < read->end || read->end == 0, "a range");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 8) {
    case 0:
      listing(text);
      break;
    case 1:
      if (const auto info = read_repo_info(text)) require(is_hex(info->commit, 40), "a commit");
      break;
    case 2:
      manifest(text);
      break;
    case 3:
      if (const auto config = read_ollama_config(text)) static_cast<void>(check_readable(*config, "name"));
      break;
    case 4:
      challenge(text);
      break;
    case 5:
      range(text);
      break;
    case 6:
      if (const auto pause = pause_asked(text, text)) require(pause->count() >= 0, "a pause");
      break;
    default:
      static_cast<void>(next_page(text));
      static_cast<void>(read_token(text));
  }
  return 0;
}

#include "registry/sources/content_digest.hpp"

#include <algorithm>

namespace quern::registry::sources {
namespace {

constexpr std::size_t kSha256Digits = 64, kSha1Digits = 40, kMaxQuoted = 80;

std::string lower_hex(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace

bool is_hex(std::string_view text, std::size_t n_digits) noexcept {
  return text.size() == n_digits && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text.substr(0, kMaxQuoted)) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte >= 0x7F ? '?' : c;
  }
  if (text.size() > kMaxQuoted) out += "...";
  return out + "'";
}

Result<ContentDigest> parse_sha256_digest(std::string_view text) {
  constexpr std::string_view kPrefix = "sha256";
  const bool named = text.size() == kPrefix.size() + 1 + kSha256Digits && text.starts_with(kPrefix) &&
                     (text[kPrefix.size()] == ':' || text[kPrefix.size()] == '-');
  if (!named || !is_hex(text.substr(kPrefix.size() + 1), kSha256Digits)) {
    return fail(Errc::corrupt, "digest: want sha256: and 64 hex digits, found {}", quoted(text));
  }
  return ContentDigest{DigestKind::sha256, lower_hex(text.substr(kPrefix.size() + 1))};
}

Result<ContentDigest> parse_bare_digest(std::string_view text) {
  if (is_hex(text, kSha256Digits)) return ContentDigest{DigestKind::sha256, lower_hex(text)};
  if (is_hex(text, kSha1Digits)) return ContentDigest{DigestKind::git_sha1, lower_hex(text)};
  return fail(Errc::corrupt, "digest: want 64 or 40 hex digits, found {}", quoted(text));
}

std::string to_text(const ContentDigest& digest) {
  switch (digest.kind) {
    case DigestKind::sha256:
      return "sha256:" + digest.hex;
    case DigestKind::git_sha1:
      return "git-sha1:" + digest.hex;
    case DigestKind::none:
      break;
  }
  return "none";
}

}  // namespace quern::registry::sources

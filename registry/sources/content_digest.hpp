// What a hub says its content hashes to. Hex digits are lower-case and checked: the text may become a file name.
// Threads: values.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace quern::registry::sources {

enum class DigestKind : std::uint8_t {
  none,      // the source names none: the first download decides
  sha256,    // of the content
  git_sha1,  // of "blob <size>\0" and the content: how git, and so a hub, names a small file
};

struct ContentDigest {
  DigestKind kind = DigestKind::none;
  std::string hex;  // 64, 40 or no digits

  bool operator==(const ContentDigest&) const = default;
};

// "sha256:..." or "sha256-..." with 64 hex digits, either case.
// Errors: corrupt, quoting (shortened) what was found.
Result<ContentDigest> parse_sha256_digest(std::string_view text);
// 64 bare hex digits: SHA-256; 40: git's SHA-1.
Result<ContentDigest> parse_bare_digest(std::string_view text);

// "sha256:<hex>", "git-sha1:<hex>", "none".
std::string to_text(const ContentDigest& digest);

bool is_hex(std::string_view text, std::size_t n_digits) noexcept;

// Outside text in a message: printable, at most 80 bytes.
std::string quoted(std::string_view text);

}  // namespace quern::registry::sources

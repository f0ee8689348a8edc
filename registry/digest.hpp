// SHA-256 of a file or a text: as a checked value from which file names may be built, and its computation. Threads:
// values; one Sha256 belongs to one thread. Source: the form is that of the OCI image specification.
#pragma once

#include "base/result.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace quern::registry {

// 64 lower-case hexadecimal digits, or none at all.
class Digest {
 public:
  Digest() = default;
  // "sha256:<64 hex>", "sha256-<64 hex>" or the digits alone, in any case. Errors: bad_input with what was found.
  static Result<Digest> parse(std::string_view text);

  bool empty() const noexcept { return hex_.empty(); }
  const std::string& hex() const noexcept { return hex_; }
  std::string text() const { return "sha256:" + hex_; }       // as manifests write it
  std::string file_name() const { return "sha256-" + hex_; }  // as blobs are called
  auto operator<=>(const Digest&) const = default;

 private:
  friend class Sha256;
  std::string hex_;
};

class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept = default;
  Sha256& operator=(Sha256&&) noexcept = default;
  ~Sha256();

  void add(std::span<const std::byte> bytes) noexcept;
  void add(std::string_view text) noexcept { add(std::as_bytes(std::span(text))); }
  // Of all that was added; the object is spent. Errors: io (OpenSSL failed, now or before).
  Result<Digest> finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
  bool ok_ = false;
};

Result<Digest> digest_of(std::string_view text);
// Reads the whole file, past the page cache's interest in it. on_bytes: told how many bytes are done; false ends it.
// Errors: not_found, io, bad_input (no regular file), cancelled.
Result<Digest> digest_of_file(const std::string& path, const std::function<bool(std::uint64_t)>& on_bytes = {});

}  // namespace quern::registry

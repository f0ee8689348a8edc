#include "registry/digest.hpp"

#include "base/owned_fd.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>

namespace quern::registry {
namespace {

constexpr std::size_t kHexDigits = 64;
constexpr std::size_t kPieceBytes = 1 << 20;

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

}  // namespace

Result<Digest> Digest::parse(std::string_view text) {
  constexpr std::size_t kShown = 80;
  std::string_view hex = text;
  if (hex.starts_with("sha256:") || hex.starts_with("sha256-")) hex.remove_prefix(7);
  if (hex.size() != kHexDigits || !std::ranges::all_of(hex, is_hex)) {
    return fail(Errc::bad_input, "digest: want sha256: and 64 hexadecimal digits, found '{}'", text.substr(0, kShown));
  }
  Digest out;
  out.hex_ = std::string(hex);
  for (char& c : out.hex_) c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

void Sha256::Free::operator()(evp_md_ctx_st* context) const noexcept {
  ::EVP_MD_CTX_free(context);
}

Sha256::Sha256() : context_(::EVP_MD_CTX_new()) {
  ok_ = context_ && ::EVP_DigestInit_ex(context_.get(), ::EVP_sha256(), nullptr) == 1;
}

Sha256::~Sha256() = default;

void Sha256::add(std::span<const std::byte> bytes) noexcept {
  ok_ = ok_ && ::EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1;
}

Result<Digest> Sha256::finish() {
  std::array<unsigned char, kHexDigits / 2> raw{};
  ok_ = ok_ && ::EVP_DigestFinal_ex(context_.get(), raw.data(), nullptr) == 1;
  if (!ok_) return fail(Errc::io, "SHA-256 could not be computed");
  ok_ = false;
  Digest out;
  for (const unsigned char byte : raw) out.hex_ += fmt::format("{:02x}", byte);
  return out;
}

Result<Digest> digest_of(std::string_view text) {
  Sha256 hash;
  hash.add(text);
  return hash.finish();
}

Result<Digest> digest_of_file(const std::string& path, const std::function<bool(std::uint64_t)>& on_bytes) {
  const OwnedFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() < 0) {
    return fail(errno == ENOENT ? Errc::not_found : Errc::io, "{}: cannot be opened: {}", path, std::strerror(errno));
  }
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return fail(Errc::io, "{}: cannot be looked at: {}", path, std::strerror(errno));
  if (!S_ISREG(info.st_mode)) return fail(Errc::bad_input, "{}: want a regular file", path);
  ::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  Sha256 hash;
  std::vector<std::byte> piece(kPieceBytes);
  std::uint64_t n_done = 0;
  for (;;) {
    const ssize_t n = ::read(fd.get(), piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(Errc::io, "{}: cannot be read: {}", path, std::strerror(errno));
    if (n == 0) return hash.finish();
    hash.add(std::span(piece).first(static_cast<std::size_t>(n)));
    n_done += static_cast<std::uint64_t>(n);
    if (on_bytes && !on_bytes(n_done)) return fail(Errc::cancelled, "{}: cancelled while it was read", path);
  }
}

}  // namespace quern::registry

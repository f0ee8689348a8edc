#include "server/keys/api_key.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <span>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>

namespace quern::server {
namespace {

constexpr std::string_view kBase62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t kSecretCharacters = 43;  // 62^43 > 2^256
constexpr std::size_t kMaxNameBytes = 64;

Status fill_random(std::span<unsigned char> out) {
  while (!out.empty()) {
    const ssize_t n = ::getrandom(out.data(), out.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail(Errc::io, "random bytes: {}", std::strerror(errno));
    out = out.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace

Result<KeyHash> random_salt() {
  KeyHash out{};
  QUERN_CHECK(fill_random(out));
  return out;
}

Result<std::string> random_secret() {
  constexpr unsigned kFair = 256 / 62 * 62;  // bytes from here on would make some characters likelier
  std::string out = "qk_";
  const std::size_t size = out.size() + kSecretCharacters;
  std::array<unsigned char, 64> bytes{};
  while (out.size() < size) {
    QUERN_CHECK(fill_random(bytes));
    for (const unsigned char byte : bytes) {
      if (byte < kFair && out.size() < size) out += kBase62[byte % kBase62.size()];
    }
  }
  return out;
}

Result<std::string> random_key_id() {
  std::array<unsigned char, 4> bytes{};
  QUERN_CHECK(fill_random(bytes));
  std::string out = "k";
  for (const unsigned char byte : bytes) out += fmt::format("{:02x}", byte);
  return out;
}

KeyHash hash_of(const KeyHash& salt, std::string_view secret) {
  KeyHash out{};
  const auto* data = reinterpret_cast<const unsigned char*>(secret.data());
  const auto* made =
      ::HMAC(::EVP_sha256(), salt.data(), static_cast<int>(salt.size()), data, secret.size(), out.data(), nullptr);
  QUERN_ASSERT(made != nullptr);
  return out;
}

const ApiKey* find_key(const KeySet& set, std::string_view secret) {
  if (secret.empty() || secret.size() > kMaxSecretBytes) return nullptr;
  const KeyHash hash = hash_of(set.salt, secret);
  const ApiKey* found = nullptr;
  for (const ApiKey& key : set.keys) {
    if (::CRYPTO_memcmp(key.hash.data(), hash.data(), hash.size()) == 0) found = &key;
  }
  return found;
}

Status check_key_name(std::string_view name, const std::string& field) {
  const auto is_plain = [](unsigned char c) { return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-'; };
  if (!name.empty() && name.size() <= kMaxNameBytes && std::ranges::all_of(name, is_plain)) return {};
  return fail_field(field, "want 1 to {} characters out of A-Z a-z 0-9 . _ -, found '{}'", kMaxNameBytes,
                    name.substr(0, kMaxNameBytes));
}

Status check_tenant_name(std::string_view tenant, const std::string& field) {
  QUERN_CHECK(check_key_name(tenant, field));
  if (tenant == "anonymous" || tenant.starts_with("uid-") || tenant.starts_with("key-")) {
    return fail_field(field, "'{}' stands for clients without a key of the file; want another name", tenant);
  }
  return {};
}

}  // namespace quern::server

#include "app/model_digest.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <fmt/format.h>
#include <openssl/evp.h>

namespace quern::app {
namespace {

using engine::gguf::GgufFile;

// Of each tensor, at its beginning and at its end.
constexpr std::size_t kSampleBytes = 64;

class Sha256 {
 public:
  Sha256() : context_(::EVP_MD_CTX_new(), &::EVP_MD_CTX_free) {
    ok_ = context_ && ::EVP_DigestInit_ex(context_.get(), ::EVP_sha256(), nullptr) == 1;
  }

  void add(std::span<const std::byte> bytes) noexcept {
    ok_ = ok_ && ::EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1;
  }
  void add(std::uint64_t value) noexcept { add(std::as_bytes(std::span(&value, 1))); }
  // With its length, so that no two lists of texts are the same bytes.
  void add(std::string_view text) noexcept {
    add(std::uint64_t{text.size()});
    add(std::as_bytes(std::span(text)));
  }

  Result<std::string> finish() noexcept {
    std::array<unsigned char, 32> out{};
    ok_ = ok_ && ::EVP_DigestFinal_ex(context_.get(), out.data(), nullptr) == 1;
    if (!ok_) return fail(Errc::io, "SHA-256 could not be computed");
    std::string text;
    for (const unsigned char byte : out) text += fmt::format("{:02x}", byte);
    return text;
  }

 private:
  std::unique_ptr<::EVP_MD_CTX, decltype(&::EVP_MD_CTX_free)> context_;
  bool ok_ = false;
};

void add_metadata(const GgufFile& file, Sha256& out) noexcept {
  for (const auto& [key, value] : file.metadata()) {
    out.add(key);
    out.add(static_cast<std::uint64_t>(value.type));
    out.add(value.u);
    out.add(static_cast<std::uint64_t>(value.i));
    out.add(std::as_bytes(std::span(&value.f, 1)));
    out.add(value.s);
    out.add(static_cast<std::uint64_t>(value.array.element));
    out.add(value.array.count);
    out.add(value.array.raw);
    for (const std::string_view text : value.array.strings) out.add(text);
  }
}

void add_tensors(const GgufFile& file, Sha256& out) noexcept {
  for (const engine::gguf::Tensor& tensor : file.tensors()) {
    out.add(tensor.name);
    out.add(static_cast<std::uint64_t>(tensor.type));
    for (const std::uint64_t dim : tensor.dims) out.add(dim);
    const std::size_t n = std::min(kSampleBytes, tensor.data.size());
    out.add(tensor.data.first(n));
    out.add(tensor.data.last(n));
  }
}

}  // namespace

Result<std::string> model_digest(const GgufFile& file) {
  Sha256 out;
  add_metadata(file, out);
  add_tensors(file, out);
  return out.finish();
}

}  // namespace quern::app

// Reads little-endian values from a span, front to back, and never past its end.
// Threads: one thread per cursor. Ownership: views of the bytes.
#pragma once

#include "base/result.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace quern::engine::gguf {

static_assert(std::endian::native == std::endian::little, "GGUF values and tensor data are used in place");

// What is being read, for messages: composed only when something is wrong.
struct Item {
  const char* kind;       // "key", "tensor"
  std::string_view name;  // empty while not yet known: then `index` stands for it
  std::uint64_t index = 0;
  const char* part = "";  // "length", "type"

  std::string describe() const;  // key "general.name" (length); key number 7 (name)
};

template <class T>
T load_unaligned(const std::byte* from) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

class ByteCursor {
 public:
  explicit ByteCursor(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}

  std::uint64_t offset() const noexcept { return offset_; }
  std::uint64_t remaining() const noexcept { return bytes_.size() - offset_; }

  // Errors: corrupt, naming the item, the bytes wanted, where, and the bytes that are left.
  Result<std::span<const std::byte>> take(std::uint64_t n_bytes, const Item& item);

  template <class T>
  Result<T> read(const Item& item) {
    QUERN_TRY(const std::span<const std::byte> raw, take(sizeof(T), item));
    return load_unaligned<T>(raw.data());
  }

  // A string as GGUF stores it: u64 length, then the bytes. Errors: corrupt as above; beyond max_bytes.
  Result<std::string_view> read_string(const Item& item, std::uint64_t max_bytes);

 private:
  std::span<const std::byte> bytes_;
  std::size_t offset_ = 0;
};

}  // namespace quern::engine::gguf

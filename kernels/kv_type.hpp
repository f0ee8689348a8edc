// Number formats of cached keys and values, and what one head of one token takes in each: a row of d values.
// q8_0: blocks of 32 values, the last one filled up with zeros; a block is an f16 scale and 32 signed bytes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

enum class KvType : std::uint8_t { f16, f32, bf16, q8_0 };
inline constexpr std::size_t kKvTypes = 4;

inline constexpr std::size_t kKvQ8Values = 32, kKvQ8Bytes = 34;

constexpr std::size_t kv_row_bytes(KvType type, std::size_t d) noexcept {
  switch (type) {
    case KvType::f16:
    case KvType::bf16:
      return 2 * d;
    case KvType::f32:
      return 4 * d;
    case KvType::q8_0:
      return (d + kKvQ8Values - 1) / kKvQ8Values * kKvQ8Bytes;
  }
  return 0;
}

constexpr const char* kv_type_name(KvType type) noexcept {
  switch (type) {
    case KvType::f16:
      return "f16";
    case KvType::f32:
      return "f32";
    case KvType::bf16:
      return "bf16";
    case KvType::q8_0:
      return "q8_0";
  }
  return "";
}

}  // namespace quern::kernels

// Scalar conversions of the 16-bit float types, bit-equal to the CPU's own instructions. Threads: pure functions.
#pragma once

#include <bit>
#include <cstdint>

namespace quern::kernels {

// IEEE 754 binary16 -> binary32: exact, subnormals and infinities included; NaN keeps its payload and becomes quiet.
constexpr float f16_to_f32(std::uint16_t h) noexcept {
  const std::uint32_t sign = (h & 0x8000u) << 16;
  const std::uint32_t exponent = (h >> 10) & 0x1fu;
  const std::uint32_t mantissa = h & 0x3ffu;
  if (exponent == 31) {
    const std::uint32_t quiet = mantissa != 0 ? 0x400000u : 0u;
    return std::bit_cast<float>(sign | 0x7f800000u | quiet | (mantissa << 13));
  }
  if (exponent != 0) return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
  const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;  // exact
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | sign);
}

// IEEE 754 binary32 -> binary16, round to nearest even; too large becomes infinity; NaN keeps the top of its payload
// and becomes quiet.
constexpr std::uint16_t f32_to_f16(float value) noexcept {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000u;
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<std::uint16_t>(sign | 0x7e00u | ((magnitude >> 13) & 0x3ffu));
  if (magnitude >= 0x47800000u) return static_cast<std::uint16_t>(sign | 0x7c00u);  // 65536 and above
  if (magnitude <
      0x38800000u) {  // below 2^-14: the result counts units of 2^-24, which is the ulp of floats in [0.5, 1)
    const float aligned = std::bit_cast<float>(magnitude) + 0.5f;  // rounds to nearest even for us
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(aligned) - 0x3f000000u));
  }
  const std::uint32_t odd = (magnitude >> 13) & 1u;
  // Half a unit less one, plus the lowest kept bit: ties go to even. A carry into the exponent is the right answer too.
  return static_cast<std::uint16_t>(sign | ((magnitude - 0x38000000u + 0xfffu + odd) >> 13));
}

constexpr float bf16_to_f32(std::uint16_t b) noexcept {
  return std::bit_cast<float>(std::uint32_t{b} << 16);
}

// Round to nearest even; NaN keeps the top of its payload and becomes quiet.
constexpr std::uint16_t f32_to_bf16(float value) noexcept {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);
  return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

// Block fields are bytes, so that a block may lie at any address.
constexpr std::uint16_t load_u16(const std::uint8_t (&bytes)[2]) noexcept {
  return static_cast<std::uint16_t>(bytes[0] | bytes[1] << 8);
}
constexpr std::uint32_t load_u32(const std::uint8_t (&bytes)[4]) noexcept {
  return bytes[0] | std::uint32_t{bytes[1]} << 8 | std::uint32_t{bytes[2]} << 16 | std::uint32_t{bytes[3]} << 24;
}
constexpr float load_f16(const std::uint8_t (&bytes)[2]) noexcept {
  return f16_to_f32(load_u16(bytes));
}

}  // namespace quern::kernels

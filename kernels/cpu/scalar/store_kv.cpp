// Keys and values into the number formats of the cache (kernels/kv_type.hpp).
#include "kernels/cpu/scalar/kernels.hpp"
#include "kernels/quant/fp16.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace quern::kernels::scalar {
namespace {

void store_f32(const float* x, std::size_t n, std::byte* out) noexcept {
  std::memcpy(out, x, n * sizeof(float));
}

template <std::uint16_t (*kConvert)(float) noexcept>
void store_halves(const float* x, std::size_t n, std::byte* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint16_t bits = kConvert(x[i]);
    std::memcpy(out + 2 * i, &bits, sizeof bits);
  }
}

// The scale is rounded to f16 first and the codes are made for what it became. A block with a value that is not finite
// gets the scale NaN, so that it does not pass for numbers.
void store_q8_block(const float* x, std::size_t n, std::byte* out) noexcept {
  float largest = 0;
  bool finite = true;
  for (std::size_t i = 0; i < n; ++i) {
    largest = std::max(largest, std::abs(x[i]));
    finite = finite && std::isfinite(x[i]);
  }
  const std::uint16_t scale = finite ? f32_to_f16(largest / 127) : f32_to_f16(std::numeric_limits<float>::quiet_NaN());
  std::memcpy(out, &scale, sizeof scale);
  const float d = f16_to_f32(scale);
  const bool usable = d > 0 && std::isfinite(d);
  for (std::size_t i = 0; i < kKvQ8Values; ++i) {
    const float code = usable && i < n ? std::clamp(std::nearbyint(x[i] / d), -127.0f, 127.0f) : 0.0f;
    out[2 + i] = static_cast<std::byte>(static_cast<std::int8_t>(code));
  }
}

void store_q8_0(const float* x, std::size_t n, std::byte* out) noexcept {
  for (std::size_t i = 0; i < n; i += kKvQ8Values, out += kKvQ8Bytes) {
    store_q8_block(x + i, std::min(kKvQ8Values, n - i), out);
  }
}

}  // namespace

void fill_store_kv(KernelTable& table) noexcept {
  table.store_kv[static_cast<std::size_t>(KvType::f16)] = &store_halves<&f32_to_f16>;
  table.store_kv[static_cast<std::size_t>(KvType::f32)] = &store_f32;
  table.store_kv[static_cast<std::size_t>(KvType::bf16)] = &store_halves<&f32_to_bf16>;
  table.store_kv[static_cast<std::size_t>(KvType::q8_0)] = &store_q8_0;
}

}  // namespace quern::kernels::scalar

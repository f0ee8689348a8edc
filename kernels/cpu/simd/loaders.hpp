// The plain element types as loaders: one vector of F32 from kLanes elements, or from the first n of them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {
namespace {

template <class V>
struct LoadF32 {
  using Element = float;
  static typename V::F load(const float* p) noexcept { return V::load(p); }
  static typename V::F load_partial(const float* p, std::size_t n) noexcept { return V::load_partial(p, n); }
};

template <class V>
struct LoadF16 {
  using Element = std::uint16_t;
  static typename V::F load(const std::uint16_t* p) noexcept { return V::load_f16(p); }
  static typename V::F load_partial(const std::uint16_t* p, std::size_t n) noexcept {
    return V::load_f16_partial(p, n);
  }
};

template <class V>
struct LoadBf16 {
  using Element = std::uint16_t;
  static typename V::F load(const std::uint16_t* p) noexcept { return V::load_bf16(p); }
  static typename V::F load_partial(const std::uint16_t* p, std::size_t n) noexcept {
    return V::load_bf16_partial(p, n);
  }
};

}  // namespace
}  // namespace quern::kernels

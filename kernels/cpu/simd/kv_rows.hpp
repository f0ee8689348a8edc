// Cached keys and values as vectors of F32: kLanes values, or the first n < kLanes of them, from position d of a row
// (kernels/kv_type.hpp).
#pragma once

#include "kernels/cpu/simd/loaders.hpp"
#include "kernels/kv_type.hpp"

namespace quern::kernels {
namespace {

template <class V, class Loader, KvType kTypeOfRow>
struct PlainRow {
  static constexpr KvType kType = kTypeOfRow;
  using Element = typename Loader::Element;
  static typename V::F load(const std::byte* row, std::size_t d) noexcept { return Loader::load(at(row, d)); }
  static typename V::F load_partial(const std::byte* row, std::size_t d, std::size_t n) noexcept {
    return Loader::load_partial(at(row, d), n);
  }

 private:
  static const Element* at(const std::byte* row, std::size_t d) noexcept {
    return reinterpret_cast<const Element*>(row) + d;
  }
};

template <class V>
struct RowQ8_0 {
  static constexpr KvType kType = KvType::q8_0;
  static_assert(kKvQ8Values % V::kLanes == 0);
  static typename V::F load(const std::byte* row, std::size_t d) noexcept {
    const std::byte* block = row + d / kKvQ8Values * kKvQ8Bytes;
    return V::mul(V::load_i8(block + 2 + d % kKvQ8Values), V::set1(V::f16_scalar(block)));
  }
  // Behind the last value a block holds zeros.
  static typename V::F load_partial(const std::byte* row, std::size_t d, std::size_t) noexcept { return load(row, d); }
};

}  // namespace
}  // namespace quern::kernels

// Integer arithmetic on outside values. An empty optional means the exact result does not fit.
#pragma once

#include <concepts>
#include <optional>

namespace quern {

template <std::integral T>
constexpr std::optional<T> checked_add(T a, T b) noexcept {
  T out{};
  if (__builtin_add_overflow(a, b, &out)) return std::nullopt;
  return out;
}

template <std::integral T>
constexpr std::optional<T> checked_mul(T a, T b) noexcept {
  T out{};
  if (__builtin_mul_overflow(a, b, &out)) return std::nullopt;
  return out;
}

// Rounds up to a multiple of `unit`, which need not be a power of two. Empty for unit 0 as well.
template <std::unsigned_integral T>
constexpr std::optional<T> checked_round_up(T value, T unit) noexcept {
  if (unit == 0) return std::nullopt;
  const T over = static_cast<T>(value % unit);
  return over == 0 ? value : checked_add<T>(value, static_cast<T>(unit - over));
}

}  // namespace quern

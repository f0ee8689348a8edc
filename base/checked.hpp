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

// Rounds up to a multiple of `unit` (a power of two is not required; unit > 0).
template <std::unsigned_integral T>
constexpr std::optional<T> checked_round_up(T value, T unit) noexcept {
  const std::optional<T> padded = checked_add<T>(value, static_cast<T>(unit - 1));
  if (!padded) return std::nullopt;
  return static_cast<T>(*padded - *padded % unit);
}

}  // namespace quern

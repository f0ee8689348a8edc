// Whole numbers beyond 64 bits: a counted value of kind `big`, always outside of int64, so that there is one form for
// each number. All functions take and give any whole number (booleans too). Threads, ownership: as value.hpp.
// Limits: kMaxIntegerBits; work is counted as steps. Source: the Python language reference, "int".
#pragma once

#include "engine/chat/jinja/ast.hpp"
#include "engine/chat/jinja/value.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace quern::engine::chat::jinja {

inline constexpr std::size_t kMaxIntegerBits = 1u << 16;

// int(text, base): signs, prefixes, single underscores and digits of every script; nothing where Python fails.
// Errors: limit.
std::optional<Value> read_integer(Heap& heap, std::string_view text, int base);
// Towards zero. REQUIRES: finite.
Value whole_of(Heap& heap, double real);
// + - * // % and ** with an exponent that is not negative. Errors: type (zero), limit.
Value whole_numbers(Heap& heap, BinaryOp op, const Value& a, const Value& b);
// a / b, rounded once. Errors: type (zero, too large for a float).
double quotient_of(Heap& heap, const Value& a, const Value& b);
Value negated(Heap& heap, const Value& value);
Value magnitude_of(Heap& heap, const Value& value);
bool is_negative(const Value& value) noexcept;
// The nearest that fits: for lengths and places, where everything beyond means the same.
std::int64_t clamped(const Value& value) noexcept;
// Negative, 0 or positive.
int compare_whole(const Value& a, const Value& b) noexcept;
int compare_mixed(double real, const Value& whole) noexcept;  // REQUIRES: not NaN
// Of the magnitude, in base 2, 8, 10 or 16.
std::string digits_of(Heap& heap, const Value& value, int base);
std::int64_t bit_length(const Value& value) noexcept;
std::int64_t bit_count(const Value& value);  // ones of the magnitude

}  // namespace quern::engine::chat::jinja

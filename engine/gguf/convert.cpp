#include "engine/gguf/convert.hpp"

#include "engine/gguf/printable.hpp"
#include "engine/gguf/value_parser.hpp"

#include <cmath>
#include <utility>

namespace quern::engine::gguf {
namespace {

bool is_unsigned(ValueType type) {
  return type == ValueType::u8 || type == ValueType::u16 || type == ValueType::u32 || type == ValueType::u64;
}
bool is_signed(ValueType type) {
  return type == ValueType::i8 || type == ValueType::i16 || type == ValueType::i32 || type == ValueType::i64;
}
bool is_integer(ValueType type) {
  return is_unsigned(type) || is_signed(type);
}
bool is_float(ValueType type) {
  return type == ValueType::f32 || type == ValueType::f64;
}

template <class... Args>
Error wrong(std::string_view key, fmt::format_string<Args...> format, Args&&... args) {
  const std::string shown = printable(key);
  return Error{Errc::corrupt, fmt::format("key \"{}\": {}", shown, fmt::format(format, std::forward<Args>(args)...)),
               shown};
}

Error wrong_type(std::string_view key, std::string_view wanted, const Value& found) {
  return wrong(key, "want {}, found {}", wanted, type_text(found));
}

// Calls use(element) for every element of a scalar array, until one fails.
template <class Use>
Status for_each_element(const ArrayView& array, Use&& use) {
  const std::size_t step = value_size(array.element);
  for (std::size_t at = 0; at < array.raw.size(); at += step) {
    QUERN_CHECK(use(load_scalar(array.element, array.raw.data() + at)));
  }
  return {};
}

}  // namespace

std::string type_text(const Value& value) {
  if (value.type != ValueType::array) return value_type_name(value.type);
  return fmt::format("array of {}", value_type_name(value.array.element));
}

Result<std::uint64_t> to_uint(std::string_view key, const Value& value) {
  if (is_unsigned(value.type)) return value.u;
  if (!is_signed(value.type)) return wrong_type(key, "an unsigned integer", value);
  if (value.i < 0) return wrong(key, "want an unsigned integer, found {}", value.i);
  return static_cast<std::uint64_t>(value.i);
}

Result<std::int64_t> to_int(std::string_view key, const Value& value) {
  if (is_signed(value.type)) return value.i;
  if (!is_unsigned(value.type)) return wrong_type(key, "an integer", value);
  if (!std::in_range<std::int64_t>(value.u)) return wrong(key, "want at most {}, found {}", INT64_MAX, value.u);
  return static_cast<std::int64_t>(value.u);
}

Result<double> to_float(std::string_view key, const Value& value) {
  if (is_unsigned(value.type)) return static_cast<double>(value.u);
  if (is_signed(value.type)) return static_cast<double>(value.i);
  if (!is_float(value.type)) return wrong_type(key, "a number", value);
  if (!std::isfinite(value.f)) return wrong(key, "want a finite number, found {}", value.f);
  return value.f;
}

Result<bool> to_bool(std::string_view key, const Value& value) {
  if (value.type != ValueType::boolean) return wrong_type(key, "bool", value);
  return value.u != 0;
}

Result<std::string_view> to_string(std::string_view key, const Value& value) {
  if (value.type != ValueType::string) return wrong_type(key, "string", value);
  return value.s;
}

Result<std::vector<std::int64_t>> to_int_array(std::string_view key, const Value& value) {
  if (value.type != ValueType::array || !is_integer(value.array.element)) {
    return wrong_type(key, "an array of integers", value);
  }
  std::vector<std::int64_t> out;
  out.reserve(static_cast<std::size_t>(value.array.count));
  QUERN_CHECK(for_each_element(value.array, [&](const Value& element) -> Status {
    QUERN_TRY(const std::int64_t number, to_int(key, element));
    out.push_back(number);
    return {};
  }));
  return out;
}

Result<std::vector<float>> to_float_array(std::string_view key, const Value& value) {
  if (value.type != ValueType::array || !(is_float(value.array.element) || is_integer(value.array.element))) {
    return wrong_type(key, "an array of numbers", value);
  }
  std::vector<float> out;
  out.reserve(static_cast<std::size_t>(value.array.count));
  QUERN_CHECK(for_each_element(value.array, [&](const Value& element) -> Status {
    // Infinities stay: they mark tokens that must not be chosen. A NaN means nothing and poisons comparisons.
    const double number = is_float(element.type)      ? element.f
                          : is_unsigned(element.type) ? static_cast<double>(element.u)
                                                      : static_cast<double>(element.i);
    if (std::isnan(number)) return wrong(key, "want numbers, found nan at index {}", out.size());
    out.push_back(static_cast<float>(number));
    return {};
  }));
  return out;
}

}  // namespace quern::engine::gguf

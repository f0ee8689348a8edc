#include "engine/gguf/value_parser.hpp"

#include "base/checked.hpp"

namespace quern::engine::gguf {
namespace {

constexpr std::uint64_t kStringHeaderBytes = 8;

Result<Value> parse_bool(ByteCursor& cursor, const Item& item) {
  QUERN_TRY(const auto byte, cursor.read<std::uint8_t>(item));
  if (byte > 1) return fail(Errc::corrupt, "{}: want a bool of 0 or 1, found {}", item.describe(), byte);
  Value value;
  value.type = ValueType::boolean;
  value.u = byte;
  return value;
}

Status parse_strings(ByteCursor& cursor, const Item& item, const ReaderLimits& limits, ArrayView& array) {
  // Every string takes at least its length: a count beyond that is a lie, found before memory is reserved for it.
  if (array.count > cursor.remaining() / kStringHeaderBytes) {
    return fail(Errc::corrupt, "{}: want {} strings, found room for {} before the end of the file", item.describe(),
                array.count, cursor.remaining() / kStringHeaderBytes);
  }
  array.strings.reserve(static_cast<std::size_t>(array.count));
  for (std::uint64_t i = 0; i < array.count; ++i) {
    QUERN_TRY(const std::string_view text, cursor.read_string(item, limits.max_string_bytes));
    array.strings.push_back(text);
  }
  return {};
}

Status parse_scalars(ByteCursor& cursor, const Item& item, ArrayView& array) {
  const auto size_bytes = checked_mul<std::uint64_t>(array.count, value_size(array.element));
  if (!size_bytes) return fail(Errc::corrupt, "{}: {} items are too large for any file", item.describe(), array.count);
  QUERN_TRY(array.raw, cursor.take(*size_bytes, item));
  if (array.element != ValueType::boolean) return {};
  for (const std::byte byte : array.raw) {
    if (byte > std::byte{1}) {
      return fail(Errc::corrupt, "{}: want bools of 0 or 1, found {}", item.describe(), static_cast<unsigned>(byte));
    }
  }
  return {};
}

Result<Value> parse_array(ByteCursor& cursor, std::string_view key, const ReaderLimits& limits) {
  const Item type_item{"key", key, 0, "array element type"};
  const Item item{"key", key, 0, "array"};
  Value value;
  value.type = ValueType::array;
  QUERN_TRY(const auto id, cursor.read<std::uint32_t>(type_item));
  const std::optional<ValueType> element = value_type_from(id);
  if (!element) return fail(Errc::corrupt, "{}: want a type id of 0 to 12, found {}", type_item.describe(), id);
  if (*element == ValueType::array) {
    return fail(Errc::unsupported, "{}: want scalars or strings, found an array of arrays", type_item.describe());
  }
  value.array.element = *element;
  QUERN_TRY(value.array.count, cursor.read<std::uint64_t>({"key", key, 0, "array length"}));
  if (value.array.count > limits.max_array_items) {
    return fail(Errc::corrupt, "{}: want at most {} items, found {}", item.describe(), limits.max_array_items,
                value.array.count);
  }
  if (*element == ValueType::string) {
    QUERN_CHECK(parse_strings(cursor, item, limits, value.array));
  } else {
    QUERN_CHECK(parse_scalars(cursor, item, value.array));
  }
  return value;
}

}  // namespace

std::size_t value_size(ValueType type) noexcept {
  switch (type) {
    case ValueType::u8:
    case ValueType::i8:
    case ValueType::boolean:
      return 1;
    case ValueType::u16:
    case ValueType::i16:
      return 2;
    case ValueType::u32:
    case ValueType::i32:
    case ValueType::f32:
      return 4;
    case ValueType::u64:
    case ValueType::i64:
    case ValueType::f64:
      return 8;
    case ValueType::string:
    case ValueType::array:
      return 0;
  }
  return 0;
}

std::optional<ValueType> value_type_from(std::uint32_t id) noexcept {
  if (id > static_cast<std::uint32_t>(ValueType::f64)) return std::nullopt;
  return static_cast<ValueType>(id);
}

Value load_scalar(ValueType type, const std::byte* from) noexcept {
  Value value;
  value.type = type;
  switch (type) {
    case ValueType::u8:
    case ValueType::boolean:
      value.u = load_unaligned<std::uint8_t>(from);
      break;
    case ValueType::u16:
      value.u = load_unaligned<std::uint16_t>(from);
      break;
    case ValueType::u32:
      value.u = load_unaligned<std::uint32_t>(from);
      break;
    case ValueType::u64:
      value.u = load_unaligned<std::uint64_t>(from);
      break;
    case ValueType::i8:
      value.i = load_unaligned<std::int8_t>(from);
      break;
    case ValueType::i16:
      value.i = load_unaligned<std::int16_t>(from);
      break;
    case ValueType::i32:
      value.i = load_unaligned<std::int32_t>(from);
      break;
    case ValueType::i64:
      value.i = load_unaligned<std::int64_t>(from);
      break;
    case ValueType::f32:
      value.f = static_cast<double>(load_unaligned<float>(from));
      break;
    case ValueType::f64:
      value.f = load_unaligned<double>(from);
      break;
    case ValueType::string:
    case ValueType::array:
      break;
  }
  return value;
}

Result<Value> parse_value(ByteCursor& cursor, std::string_view key, ValueType type, const ReaderLimits& limits) {
  const Item item{"key", key, 0, "value"};
  switch (type) {
    case ValueType::array:
      return parse_array(cursor, key, limits);
    case ValueType::boolean:
      return parse_bool(cursor, item);
    case ValueType::string: {
      Value value;
      value.type = type;
      QUERN_TRY(value.s, cursor.read_string(item, limits.max_string_bytes));
      return value;
    }
    default: {
      QUERN_TRY(const std::span<const std::byte> raw, cursor.take(value_size(type), item));
      return load_scalar(type, raw.data());
    }
  }
}

}  // namespace quern::engine::gguf

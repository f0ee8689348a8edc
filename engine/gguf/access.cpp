// Typed access to the metadata of a GgufFile.
#include "engine/gguf/convert.hpp"
#include "engine/gguf/printable.hpp"
#include "engine/gguf/reader.hpp"

namespace quern::engine::gguf {
namespace {

Error missing(std::string_view key, std::string_view wanted) {
  const std::string shown = printable(key);
  return Error{Errc::not_found, fmt::format("key \"{}\": want {}, found no such key", shown, wanted), shown};
}

}  // namespace

const char* value_type_name(ValueType type) noexcept {
  switch (type) {
    case ValueType::u8:
      return "u8";
    case ValueType::i8:
      return "i8";
    case ValueType::u16:
      return "u16";
    case ValueType::i16:
      return "i16";
    case ValueType::u32:
      return "u32";
    case ValueType::i32:
      return "i32";
    case ValueType::f32:
      return "f32";
    case ValueType::boolean:
      return "bool";
    case ValueType::string:
      return "string";
    case ValueType::array:
      return "array";
    case ValueType::u64:
      return "u64";
    case ValueType::i64:
      return "i64";
    case ValueType::f64:
      return "f64";
  }
  return "unknown";
}

const Value* GgufFile::find(std::string_view key) const noexcept {
  const auto found = metadata_.find(key);
  return found == metadata_.end() ? nullptr : &found->second;
}

const Tensor* GgufFile::find_tensor(std::string_view tensor_name) const noexcept {
  const auto found = tensor_index_.find(tensor_name);
  return found == tensor_index_.end() ? nullptr : &tensors_[found->second];
}

Result<std::uint64_t> GgufFile::get_uint(std::string_view key) const {
  const Value* value = find(key);
  return value != nullptr ? to_uint(key, *value) : missing(key, "an unsigned integer");
}

Result<std::int64_t> GgufFile::get_int(std::string_view key) const {
  const Value* value = find(key);
  return value != nullptr ? to_int(key, *value) : missing(key, "an integer");
}

Result<double> GgufFile::get_float(std::string_view key) const {
  const Value* value = find(key);
  return value != nullptr ? to_float(key, *value) : missing(key, "a number");
}

Result<bool> GgufFile::get_bool(std::string_view key) const {
  const Value* value = find(key);
  return value != nullptr ? to_bool(key, *value) : missing(key, "bool");
}

Result<std::string_view> GgufFile::get_string(std::string_view key) const {
  const Value* value = find(key);
  return value != nullptr ? to_string(key, *value) : missing(key, "string");
}

Result<const ArrayView*> GgufFile::get_array(std::string_view key, ValueType element) const {
  const std::string wanted = fmt::format("array of {}", value_type_name(element));
  const Value* value = find(key);
  if (value == nullptr) return missing(key, wanted);
  if (value->type != ValueType::array || value->array.element != element) {
    const std::string shown = printable(key);
    return Error{Errc::corrupt, fmt::format("key \"{}\": want {}, found {}", shown, wanted, type_text(*value)), shown};
  }
  return &value->array;
}

Result<std::vector<std::int64_t>> GgufFile::get_int_array(std::string_view key) const {
  const Value* value = find(key);
  return value != nullptr ? to_int_array(key, *value) : missing(key, "an array of integers");
}

Result<std::vector<float>> GgufFile::get_float_array(std::string_view key) const {
  const Value* value = find(key);
  return value != nullptr ? to_float_array(key, *value) : missing(key, "an array of numbers");
}

Result<std::string_view> GgufFile::get_bytes(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr) return missing(key, "an array of bytes");
  const bool bytes = value->type == ValueType::array &&
                     (value->array.element == ValueType::u8 || value->array.element == ValueType::i8);
  if (!bytes) return get_array(key, ValueType::u8).error();
  return std::string_view(reinterpret_cast<const char*>(value->array.raw.data()), value->array.raw.size());
}

Result<std::uint64_t> GgufFile::get_uint_or(std::string_view key, std::uint64_t fallback) const {
  const Value* value = find(key);
  return value != nullptr ? to_uint(key, *value) : fallback;
}

Result<double> GgufFile::get_float_or(std::string_view key, double fallback) const {
  const Value* value = find(key);
  return value != nullptr ? to_float(key, *value) : fallback;
}

Result<bool> GgufFile::get_bool_or(std::string_view key, bool fallback) const {
  const Value* value = find(key);
  return value != nullptr ? to_bool(key, *value) : fallback;
}

Result<std::string_view> GgufFile::get_string_or(std::string_view key, std::string_view fallback) const {
  const Value* value = find(key);
  return value != nullptr ? to_string(key, *value) : fallback;
}

}  // namespace quern::engine::gguf

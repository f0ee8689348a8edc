#include "app/synth/borrowed_vocabulary.hpp"

#include <cstring>
#include <string>
#include <vector>

namespace quern::app {
namespace {

using engine::gguf::ArrayView;
using engine::gguf::HeaderBuilder;
using engine::gguf::Value;
using engine::gguf::ValueType;

constexpr const char* kTokens = "tokenizer.ggml.tokens";
constexpr std::uint64_t kMostTokens = std::uint64_t{1} << 20;

template <class T>
void copy_items(std::string_view key, const ArrayView& from, HeaderBuilder& header) {
  std::vector<T> items(from.count);
  for (std::size_t i = 0; i < items.size(); ++i) std::memcpy(&items[i], from.raw.data() + i * sizeof(T), sizeof(T));
  header.put_array(key, items);
}

void copy_array(std::string_view key, const ArrayView& from, HeaderBuilder& header) {
  switch (from.element) {
    case ValueType::u8:
      return copy_items<std::uint8_t>(key, from, header);
    case ValueType::i8:
      return copy_items<std::int8_t>(key, from, header);
    case ValueType::u16:
      return copy_items<std::uint16_t>(key, from, header);
    case ValueType::i16:
      return copy_items<std::int16_t>(key, from, header);
    case ValueType::u32:
      return copy_items<std::uint32_t>(key, from, header);
    case ValueType::i32:
      return copy_items<std::int32_t>(key, from, header);
    case ValueType::u64:
      return copy_items<std::uint64_t>(key, from, header);
    case ValueType::i64:
      return copy_items<std::int64_t>(key, from, header);
    case ValueType::f32:
      return copy_items<float>(key, from, header);
    case ValueType::f64:
      return copy_items<double>(key, from, header);
    case ValueType::string: {
      const std::vector<std::string> texts(from.strings.begin(), from.strings.end());
      return header.put_array(key, texts);
    }
    case ValueType::boolean:
    case ValueType::array:
      return;  // no tokenizer has them
  }
}

void copy_value(std::string_view key, const Value& from, HeaderBuilder& header) {
  switch (from.type) {
    case ValueType::boolean:
      return header.put(key, from.u != 0);
    case ValueType::u8:
    case ValueType::u16:
    case ValueType::u32:
      return header.put(key, static_cast<std::uint32_t>(from.u));
    case ValueType::u64:
      return header.put(key, from.u);
    case ValueType::i8:
    case ValueType::i16:
    case ValueType::i32:
      return header.put(key, static_cast<std::int32_t>(from.i));
    case ValueType::i64:
      return header.put(key, from.i);
    case ValueType::f32:
      return header.put(key, static_cast<float>(from.f));
    case ValueType::f64:
      return header.put(key, from.f);
    case ValueType::string:
      return header.put(key, from.s);
    case ValueType::array:
      return copy_array(key, from.array, header);
  }
}

}  // namespace

Result<std::uint32_t> count_tokens(const engine::gguf::GgufFile& file) {
  QUERN_TRY(const ArrayView* tokens, file.get_array(kTokens, ValueType::string));
  if (tokens->count == 0 || tokens->count > kMostTokens) {
    return fail_field(kTokens, "{}: want 1 to {} tokens, found {}", file.name(), kMostTokens, tokens->count);
  }
  return static_cast<std::uint32_t>(tokens->count);
}

void copy_vocabulary(const engine::gguf::GgufFile& from, HeaderBuilder& header) {
  for (const auto& [key, value] : from.metadata()) {
    if (key.starts_with("tokenizer.")) copy_value(key, value, header);
  }
}

}  // namespace quern::app

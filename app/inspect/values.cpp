#include "app/inspect/values.hpp"

#include "base/assert.hpp"
#include "engine/gguf/value_parser.hpp"

namespace quern::app {

using engine::gguf::ArrayView;
using engine::gguf::Value;
using engine::gguf::ValueType;

Value element(const ArrayView& array, std::uint64_t index) {
  QUERN_ASSERT(index < array.count);
  const auto i = static_cast<std::size_t>(index);
  if (array.element != ValueType::string) {
    return engine::gguf::load_scalar(array.element, array.raw.data() + i * engine::gguf::value_size(array.element));
  }
  Value value;
  value.type = ValueType::string;
  value.s = array.strings[i];
  return value;
}

std::string scalar_text(const Value& value) {
  switch (value.type) {
    case ValueType::boolean:
      return value.u != 0 ? "true" : "false";
    case ValueType::f32:
      return fmt::format("{}", static_cast<float>(value.f));  // shortest digits of the stored type
    case ValueType::f64:
      return fmt::format("{}", value.f);
    case ValueType::u8:
    case ValueType::u16:
    case ValueType::u32:
    case ValueType::u64:
      return fmt::format("{}", value.u);
    default:
      return fmt::format("{}", value.i);
  }
}

}  // namespace quern::app

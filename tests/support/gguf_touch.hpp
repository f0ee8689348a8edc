// Reads every metadata value and every tensor byte of a parsed GGUF file, so that a sanitizer sees any that does not
// exist.
#pragma once

#include "engine/gguf/reader.hpp"

#include <cstdint>

namespace quern::test {

inline std::uint64_t touch_everything(const engine::gguf::GgufFile& file) {
  std::uint64_t sum = 0;
  const auto add = [&sum](const auto& bytes) {
    for (const auto byte : bytes) sum += static_cast<std::uint8_t>(byte);
  };
  for (const auto& [key, value] : file.metadata()) {
    add(key);
    add(value.s);
    add(value.array.raw);
    for (const std::string_view text : value.array.strings) add(text);
    // Whatever the type: the typed accessors answer or refuse.
    sum += file.get_uint(key).has_value() + file.get_int(key).has_value() + file.get_float(key).has_value();
    sum += file.get_bool(key).has_value() + file.get_string(key).has_value();
    if (const auto items = file.get_int_array(key)) sum += items->size();
    if (const auto items = file.get_float_array(key)) sum += items->size();
  }
  for (const engine::gguf::Tensor& tensor : file.tensors()) {
    add(tensor.name);
    add(tensor.data);
    sum += tensor.n_values();
  }
  return sum;
}

}  // namespace quern::test

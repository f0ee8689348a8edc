// A metadata value as the type its reader wants. Errors: corrupt, naming the key, the wanted and the found type or
// range. Threads: pure functions.
#pragma once

#include "base/result.hpp"
#include "engine/gguf/reader.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace quern::engine::gguf {

Result<std::uint64_t> to_uint(std::string_view key, const Value& value);
Result<std::int64_t> to_int(std::string_view key, const Value& value);
Result<double> to_float(std::string_view key, const Value& value);  // finite
Result<bool> to_bool(std::string_view key, const Value& value);
Result<std::string_view> to_string(std::string_view key, const Value& value);
Result<std::vector<std::int64_t>> to_int_array(std::string_view key, const Value& value);
Result<std::vector<float>> to_float_array(std::string_view key, const Value& value);

// The type as a message shows it: "u32", "array of string".
std::string type_text(const Value& value);

}  // namespace quern::engine::gguf

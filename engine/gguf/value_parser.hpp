// One metadata value: scalars widened, arrays as views. Threads: pure functions. Ownership: views of the cursor's
// bytes.
#pragma once

#include "base/result.hpp"
#include "engine/gguf/byte_cursor.hpp"
#include "engine/gguf/reader.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace quern::engine::gguf {

// Bytes of one element in the file; 0 for strings and arrays, which have no fixed size.
std::size_t value_size(ValueType type) noexcept;
// Empty: no such type.
std::optional<ValueType> value_type_from(std::uint32_t id) noexcept;

// A scalar at `from`, which holds value_size(type) bytes: u, i or f of the result is set.
Value load_scalar(ValueType type, const std::byte* from) noexcept;

// The value of `key` after its type id. Errors: corrupt (too short, beyond a limit, a boolean that is neither 0 nor 1,
// element type unknown), unsupported (nested arrays).
Result<Value> parse_value(ByteCursor& cursor, std::string_view key, ValueType type, const ReaderLimits& limits);

}  // namespace quern::engine::gguf

// The tensor table of one GGUF file: names, shapes, types, and where in the data section each tensor lies.
// Threads: pure functions. Ownership: views of the file's bytes.
// Source: GGUF specification, gguf_tensor_info_t.
#pragma once

#include "base/result.hpp"
#include "engine/gguf/byte_cursor.hpp"
#include "engine/gguf/reader.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace quern::engine::gguf {

inline constexpr std::uint64_t kMaxNameBytes = 65535;  // of keys and tensor names; the specification's limit for keys

// Bytes of a tensor's data. Errors: corrupt (rows that are not whole blocks, a product beyond 2^63).
Result<std::uint64_t> tensor_bytes(const Tensor& tensor);

// Reads `count` entries at the cursor; the data section starts at the next multiple of `alignment` behind them.
// Errors: corrupt (data outside `file` or overlapping, offset not aligned, shape), unsupported (type id).
Result<std::vector<Tensor>> parse_tensor_table(ByteCursor& cursor, std::uint64_t count, std::uint32_t alignment,
                                               std::span<const std::byte> file);

}  // namespace quern::engine::gguf

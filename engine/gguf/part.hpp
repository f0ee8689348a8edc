// One GGUF file of a possible split set, parsed: header, metadata, tensor table.
// Threads: pure functions. Ownership: views of the file's bytes.
// Layout: "GGUF", u32 version, u64 tensor count, u64 key count, keys, tensor table, padding, data section.
#pragma once

#include "base/result.hpp"
#include "engine/gguf/reader.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string_view>
#include <vector>

namespace quern::engine::gguf {

struct Part {
  std::uint32_t version = 0;
  std::uint32_t alignment = 32;
  std::map<std::string_view, Value> metadata;
  std::vector<Tensor> tensors;
};

// Errors: as GgufFile::parse, without the file's name.
Result<Part> parse_part(std::span<const std::byte> bytes, const ReaderLimits& limits);

}  // namespace quern::engine::gguf

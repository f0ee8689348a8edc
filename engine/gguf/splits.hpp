// Split sets: a model in several files "<prefix>-00001-of-00003.gguf", each with its own header and tensors; the first
// one carries the metadata. Threads: pure functions.
// Source: keys split.no (from 0), split.count, split.tensors.count as llama.cpp's gguf-split writes them.
#pragma once

#include "base/result.hpp"
#include "engine/gguf/reader.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace quern::engine::gguf {

struct SplitName {
  std::string prefix;        // path up to the "-" before the number
  std::uint64_t number = 0;  // as in the name: from 1
  std::uint64_t count = 0;

  std::string path_of(std::uint64_t file_number) const;
};
// Empty: the path does not look like a part of a split set.
std::optional<SplitName> parse_split_name(std::string_view path);

struct SplitKeys {
  std::uint64_t no = 0;  // from 0
  std::uint64_t count = 0;
  std::uint64_t n_tensors = 0;  // of all files together
};
// Empty: the file is whole (no split.count, or one of 0 or 1).
// Errors: corrupt (missing or contradicting keys), naming the key.
Result<std::optional<SplitKeys>> split_keys(const std::map<std::string_view, Value>& metadata,
                                            const ReaderLimits& limits);

}  // namespace quern::engine::gguf

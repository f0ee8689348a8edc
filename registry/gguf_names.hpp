// What the name of a GGUF file says about it. Threads: pure functions.
// Source: the naming convention of the GGUF specification, and what publishers use besides.
#pragma once

#include "registry/model.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quern::registry {

struct GgufName {
  std::string stem;                       // without .gguf and without the number of a shard
  std::string quant;                      // as written: "Q4_K_M"; empty: it names none
  std::uint32_t shard = 0, n_shards = 0;  // from 1; 0: a file of its own
  FileRole role = FileRole::weights;      // mmproj-..: projector; mtp-.., eagle3-.. and the like: draft
  bool is_model = true;                   // false: imatrix data, a vocabulary, a LoRA
};

// path: the last part counts.
GgufName gguf_name(std::string_view path);

// The files of the set that `path` belongs to, by their names; itself where it is no shard.
std::vector<std::string> shard_paths(const std::string& path);

}  // namespace quern::registry

// Which files of a repository are one model: reads the names that publishers use, keeps the shards of a split file
// together, and finds what belongs beside it. Pure, on a checked listing. Threads: pure functions.
// Names: [mmproj-|mtp-...]Base-Size-...-QUANT[-00001-of-00003].gguf; a repository may keep each quantisation in a
// folder of its own.
#pragma once

#include "base/result.hpp"
#include "registry/sources/hf_listing.hpp"
#include "registry/sources/pull_plan.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace quern::registry::sources {

// What the name of a GGUF file says.
struct GgufName {
  Role role = Role::weights;
  bool usable = true;       // false: an importance matrix, a vocabulary, heads for another kind of decoder
  std::string stem;         // the path without shard number and ".gguf"
  std::string quant;        // upper case: "Q4_K_M"; empty: the name has none
  std::uint32_t shard = 0;  // from 1; 0: not split
  std::uint32_t n_shards = 0;
};
// Empty role of anything that is no .gguf.
bool is_gguf(std::string_view path) noexcept;
GgufName read_gguf_name(std::string_view path);

struct Choice {
  std::string quant;
  std::vector<PlanFile> files;  // without addresses; the shards in their order, then what belongs beside them
  std::vector<std::string> notes;
};

// quant: "" takes Q4_K_M, else Q8_0, else the first model; anything else must be there, in any case.
// Errors: not_found, naming what there is; corrupt: shards are missing; bad_input: several models fit.
Result<Choice> choose_gguf(const std::vector<RepoFile>& files, std::string_view quant, std::string_view repo);
// The model that this file (or shard) is of.
Result<Choice> choose_file(const std::vector<RepoFile>& files, std::string_view path, std::string_view repo);

}  // namespace quern::registry::sources

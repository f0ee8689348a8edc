#include "registry/gguf_names.hpp"

#include "engine/gguf/file_type.hpp"
#include "engine/gguf/splits.hpp"
#include "registry/name_parts.hpp"

#include <algorithm>

namespace quern::registry {
namespace {

constexpr std::string_view kDrafts[] = {"mtp-", "eagle3-", "dflash-", "dspark-"};
constexpr std::uint64_t kMaxShards = 1024;

}  // namespace

GgufName gguf_name(std::string_view path) {
  GgufName out;
  const std::size_t slash = path.rfind('/');
  const std::string name(slash == std::string_view::npos ? path : path.substr(slash + 1));
  out.stem = stem_of(name);
  if (const auto split = engine::gguf::parse_split_name(name); split && split->count <= kMaxShards) {
    out.stem = split->prefix;
    out.shard = static_cast<std::uint32_t>(split->number);
    out.n_shards = static_cast<std::uint32_t>(split->count);
  }
  const std::size_t mark = out.stem.find_last_of("-.");
  const std::string_view last = mark == std::string::npos ? "" : std::string_view(out.stem).substr(mark + 1);
  if (engine::gguf::is_file_type_name(last)) out.quant = last;
  const std::string small = lower(out.stem);
  if (small.starts_with("mmproj") || small.ends_with("-mmproj")) out.role = FileRole::projector;
  if (std::ranges::any_of(kDrafts, [&](std::string_view word) { return small.starts_with(word); })) {
    out.role = FileRole::draft;
  }
  const std::string type = lower(last);
  out.is_model =
      out.role == FileRole::weights && type != "lora" && type != "vocab" && small.find("imatrix") == std::string::npos;
  return out;
}

std::vector<std::string> shard_paths(const std::string& path) {
  const auto split = engine::gguf::parse_split_name(path);
  if (!split || split->count > kMaxShards || split->count < 2) return {path};
  std::vector<std::string> out;
  for (std::uint64_t number = 1; number <= split->count; ++number) out.push_back(split->path_of(number));
  return out;
}

}  // namespace quern::registry

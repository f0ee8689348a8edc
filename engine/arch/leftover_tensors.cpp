#include "engine/arch/leftovers.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace quern::engine {

namespace {

// Parts of a model that take no part in the next token of a text.
constexpr std::array<std::string_view, 5> kForeignParts{
    "v.",      // a vision encoder
    "a.",      // an audio encoder
    "mm.",     // what projects their answers into the text model
    "mtp.",    // blocks that predict further tokens
    "nextn.",  // the same
};
// The same inside a block. Files of 2023 have the inverse frequencies of the rotation, which follow from the keys.
constexpr std::array<std::string_view, 2> kForeignOfBlock{"nextn.", "attn_rot_embd."};

template <std::size_t N>
bool starts_with_any(std::string_view text, const std::array<std::string_view, N>& prefixes) noexcept {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](std::string_view p) { return text.starts_with(p); });
}

}  // namespace

bool is_foreign_tensor(std::string_view name, const HyperParams& params) noexcept {
  if (starts_with_any(name, kForeignParts)) return true;
  constexpr std::string_view kBlock = "blk.";
  if (!name.starts_with(kBlock)) return false;
  std::uint32_t block = 0;
  const char* const end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data() + kBlock.size(), end, block);
  if (error != std::errc() || rest == end || *rest != '.') return false;
  if (block >= params.n_layers()) return block - params.n_layers() < params.n_extra_layers;
  return starts_with_any(std::string_view(rest + 1, end), kForeignOfBlock);
}

}  // namespace quern::engine

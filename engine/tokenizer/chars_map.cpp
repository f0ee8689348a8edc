#include "engine/tokenizer/chars_map.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace quern::engine {
namespace {

// A unit: bits 0-7 the byte that leads here, bit 8 "a rule ends here", bit 9 and 10-31 the distance to its children;
// the unit of a rule's value has bit 31 and the value below it.
constexpr std::uint32_t kValueBit = 1u << 31;

std::uint32_t children_of(std::uint32_t unit) noexcept {
  return (unit >> 10) << ((unit & (1u << 9)) >> 6);
}
bool ends_rule(std::uint32_t unit) noexcept {
  return (unit & (1u << 8)) != 0;
}
bool is_reached_by(std::uint32_t unit, unsigned char byte) noexcept {
  return (unit & (kValueBit | 0xFFu)) == byte;
}

static_assert(std::endian::native == std::endian::little, "the blob is little-endian and copied as it is");

}  // namespace

Result<CharsMap> CharsMap::create(std::string_view blob, std::string_view owner) {
  CharsMap out;
  if (blob.empty()) return out;
  if (blob.size() > kMaxBytes) return fail(Errc::corrupt, "{}: {} bytes, at most {}", owner, blob.size(), kMaxBytes);
  std::uint32_t n_bytes = 0;
  if (blob.size() < sizeof n_bytes) return fail(Errc::corrupt, "{}: {} bytes, expected at least 4", owner, blob.size());
  std::memcpy(&n_bytes, blob.data(), sizeof n_bytes);
  blob.remove_prefix(sizeof n_bytes);
  if (n_bytes == 0 || n_bytes % sizeof(std::uint32_t) != 0 || n_bytes >= blob.size())
    return fail(Errc::corrupt, "{}: a trie of {} bytes, expected a multiple of 4 below the {} that follow", owner,
                n_bytes, blob.size());
  if (blob.back() != '\0') return fail(Errc::corrupt, "{}: the last replacement is not ended by a zero byte", owner);
  out.units_.resize(n_bytes / sizeof(std::uint32_t));
  std::memcpy(out.units_.data(), blob.data(), n_bytes);
  out.replacements_ = blob.substr(n_bytes);
  return out;
}

CharsMap::Match CharsMap::longest(std::string_view text) const noexcept {
  return search(text, /*first=*/false);
}

CharsMap::Match CharsMap::shortest(std::string_view text) const noexcept {
  return search(text, /*first=*/true);
}

CharsMap::Match CharsMap::search(std::string_view text, bool first) const noexcept {
  Match best;
  if (units_.empty()) return best;
  std::size_t at = children_of(units_[0]);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    at ^= byte;
    if (at >= units_.size() || !is_reached_by(units_[at], byte)) break;
    const std::uint32_t unit = units_[at];
    at ^= children_of(unit);
    if (!ends_rule(unit) || at >= units_.size()) continue;
    const std::uint32_t value = units_[at] & ~kValueBit;
    if (value >= replacements_.size()) continue;
    best = {i + 1, replacements_.c_str() + value};
    if (first) break;
  }
  return best;
}

}  // namespace quern::engine

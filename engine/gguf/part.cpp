#include "engine/gguf/part.hpp"

#include "engine/gguf/byte_cursor.hpp"
#include "engine/gguf/convert.hpp"
#include "engine/gguf/printable.hpp"
#include "engine/gguf/tensor_table.hpp"
#include "engine/gguf/value_parser.hpp"

#include <bit>
#include <utility>

namespace quern::engine::gguf {
namespace {

constexpr std::uint32_t kMagic = 0x46554747;         // "GGUF", first byte lowest
constexpr std::uint32_t kMagicSwapped = 0x47475546;  // the same written as a big-endian number
constexpr std::uint32_t kDefaultAlignment = 32;
// Eight keeps every element type aligned (and is the specification's unit); two MiB is a huge page.
constexpr std::uint64_t kMinAlignment = 8, kMaxAlignment = 2u << 20;
// Name length, one-letter name, type, one-byte value: no key is shorter.
constexpr std::uint64_t kMinKeyBytes = 8 + 1 + 4 + 1;

Result<std::uint32_t> parse_version(ByteCursor& cursor) {
  QUERN_TRY(const auto magic, cursor.read<std::uint32_t>({"header", "magic"}));
  if (magic == kMagicSwapped) return fail(Errc::unsupported, "header: want a little-endian file, found big-endian");
  if (magic != kMagic) {
    return fail(Errc::corrupt, "header: want the magic \"GGUF\", found bytes {:02x} {:02x} {:02x} {:02x}", magic & 0xFF,
                magic >> 8 & 0xFF, magic >> 16 & 0xFF, magic >> 24);
  }
  QUERN_TRY(const auto version, cursor.read<std::uint32_t>({"header", "version"}));
  // Big-endian writers keep the magic but swap every number, so a small version lands in the upper half.
  if (version != 0 && (version & 0xFFFF) == 0) {
    return fail(Errc::unsupported, "header: want a little-endian file, found big-endian (version {})",
                __builtin_bswap32(version));
  }
  if (version != 2 && version != 3)
    return fail(Errc::unsupported, "header: want GGUF version 2 or 3, found {}", version);
  return version;
}

Status parse_metadata(ByteCursor& cursor, std::uint64_t count, const ReaderLimits& limits, Part& part) {
  if (count > cursor.remaining() / kMinKeyBytes) {
    return fail(Errc::corrupt, "key count: want {} keys, found room for {} before the end of the file", count,
                cursor.remaining() / kMinKeyBytes);
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    QUERN_TRY(const std::string_view key, cursor.read_string({"key", {}, i, "name"}, kMaxNameBytes));
    if (key.empty()) return fail(Errc::corrupt, "key number {}: want a name, found an empty one", i);
    const Item type_item{"key", key, i, "type"};
    QUERN_TRY(const auto id, cursor.read<std::uint32_t>(type_item));
    const std::optional<ValueType> type = value_type_from(id);
    if (!type) return fail(Errc::corrupt, "{}: want a type id of 0 to 12, found {}", type_item.describe(), id);
    QUERN_TRY(Value value, parse_value(cursor, key, *type, limits));
    if (!part.metadata.emplace(key, std::move(value)).second) {
      return fail(Errc::corrupt, "key \"{}\": want it once, found it again as number {}", printable(key), i);
    }
  }
  return {};
}

Result<std::uint32_t> alignment_of(const std::map<std::string_view, Value>& metadata) {
  constexpr std::string_view kKey = "general.alignment";
  const auto found = metadata.find(kKey);
  if (found == metadata.end()) return kDefaultAlignment;
  QUERN_TRY(const std::uint64_t alignment, to_uint(kKey, found->second));
  if (!std::has_single_bit(alignment) || alignment < kMinAlignment || alignment > kMaxAlignment) {
    return fail(Errc::corrupt, "key \"{}\": want a power of two from {} to {}, found {}", kKey, kMinAlignment,
                kMaxAlignment, alignment);
  }
  return static_cast<std::uint32_t>(alignment);
}

Status check_limit(const char* what, std::uint64_t found, std::uint64_t limit) {
  if (found <= limit) return {};
  return fail(Errc::corrupt, "{}: want at most {}, found {}", what, limit, found);
}

}  // namespace

Result<Part> parse_part(std::span<const std::byte> bytes, const ReaderLimits& limits) {
  ByteCursor cursor(bytes);
  Part part;
  QUERN_TRY(part.version, parse_version(cursor));
  QUERN_TRY(const auto n_tensors, cursor.read<std::uint64_t>({"header", "tensor count"}));
  QUERN_TRY(const auto n_keys, cursor.read<std::uint64_t>({"header", "key count"}));
  QUERN_CHECK(check_limit("tensor count", n_tensors, limits.max_tensors));
  QUERN_CHECK(check_limit("key count", n_keys, limits.max_keys));
  QUERN_CHECK(parse_metadata(cursor, n_keys, limits, part));
  QUERN_TRY(part.alignment, alignment_of(part.metadata));
  QUERN_TRY(part.tensors, parse_tensor_table(cursor, n_tensors, part.alignment, bytes));
  return part;
}

}  // namespace quern::engine::gguf

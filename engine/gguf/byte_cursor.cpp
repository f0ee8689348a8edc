#include "engine/gguf/byte_cursor.hpp"

#include "engine/gguf/printable.hpp"

namespace quern::engine::gguf {

std::string Item::describe() const {
  std::string out =
      name.empty() ? fmt::format("{} number {}", kind, index) : fmt::format("{} \"{}\"", kind, printable(name, 128));
  if (*part != '\0') out += fmt::format(" ({})", part);
  return out;
}

Result<std::span<const std::byte>> ByteCursor::take(std::uint64_t n_bytes, const Item& item) {
  if (n_bytes > remaining()) {
    return fail(Errc::corrupt, "{}: want {} bytes at offset {}, found {} before the end of the file", item.describe(),
                n_bytes, offset_, remaining());
  }
  const std::span<const std::byte> taken = bytes_.subspan(offset_, static_cast<std::size_t>(n_bytes));
  offset_ += taken.size();
  return taken;
}

Result<std::string_view> ByteCursor::read_string(const Item& item, std::uint64_t max_bytes) {
  QUERN_TRY(const auto length, read<std::uint64_t>(item));
  if (length > max_bytes) {
    return fail(Errc::corrupt, "{}: want a string of at most {} bytes, found length {}", item.describe(), max_bytes,
                length);
  }
  QUERN_TRY(const std::span<const std::byte> raw, take(length, item));
  return std::string_view(reinterpret_cast<const char*>(raw.data()), raw.size());
}

}  // namespace quern::engine::gguf

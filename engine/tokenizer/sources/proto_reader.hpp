// Reads the fields of one Protocol Buffers message, checked at every step. Threads: one. Ownership: views point into
// the bytes. Source: Protocol Buffers documentation, "Encoding".
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace quern::engine {

struct ProtoField {
  std::uint32_t number = 0;
  std::uint32_t wire = 0;            // 0 varint, 1 eight bytes, 2 bytes, 5 four bytes
  std::uint64_t value = 0;           // of wires 0, 1 and 5
  std::string_view bytes;            // of wire 2
  float as_float() const noexcept {  // of wire 5
    const auto low = static_cast<std::uint32_t>(value);
    float out = 0;
    std::memcpy(&out, &low, sizeof out);
    return out;
  }
};

class ProtoReader {
 public:
  explicit ProtoReader(std::string_view bytes) : rest_(bytes) {}

  // False at the end, and where the bytes are no message: then broken() holds.
  bool next(ProtoField& field) noexcept {
    field = {};
    if (rest_.empty() || broken_) return false;
    std::uint64_t tag = 0;
    broken_ = !varint(tag) || !payload(tag, field);
    return !broken_;
  }
  bool broken() const noexcept { return broken_; }

 private:
  bool varint(std::uint64_t& out) noexcept {
    out = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      out |= std::uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }
  bool fixed(std::size_t size, std::uint64_t& out) noexcept {
    if (rest_.size() < size) return false;
    out = 0;
    std::memcpy(&out, rest_.data(), size);  // little-endian, as this machine
    rest_.remove_prefix(size);
    return true;
  }
  bool payload(std::uint64_t tag, ProtoField& field) noexcept {
    if (tag >> 32 != 0 || tag >> 3 == 0) return false;
    field.number = static_cast<std::uint32_t>(tag >> 3);
    field.wire = static_cast<std::uint32_t>(tag & 7);
    if (field.wire == 0) return varint(field.value);
    if (field.wire == 1) return fixed(8, field.value);
    if (field.wire == 5) return fixed(4, field.value);
    if (field.wire != 2 || !varint(field.value) || field.value > rest_.size()) return false;
    field.bytes = rest_.substr(0, static_cast<std::size_t>(field.value));
    rest_.remove_prefix(field.bytes.size());
    return true;
  }

  std::string_view rest_;
  bool broken_ = false;
};

}  // namespace quern::engine

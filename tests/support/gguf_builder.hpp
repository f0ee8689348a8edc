// GGUF images in memory, for tests: well-formed by default, and wrong exactly where a test asks for it.
//   GgufBuilder().key("general.architecture", "llama").tensor("w", TensorType::f32, {4, 2}).build()
#pragma once

#include "kernels/quant/quant_format.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quern::test {

// Little-endian bytes, appended.
class ByteWriter {
 public:
  template <class T>
  ByteWriter& number(T value) {
    const std::byte* raw = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), raw, raw + sizeof value);
    return *this;
  }
  ByteWriter& raw(std::string_view text) {
    const std::byte* from = reinterpret_cast<const std::byte*>(text.data());
    bytes_.insert(bytes_.end(), from, from + text.size());
    return *this;
  }
  ByteWriter& raw(std::span<const std::byte> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  ByteWriter& string(std::string_view text) { return number<std::uint64_t>(text.size()).raw(text); }
  ByteWriter& pad_to(std::size_t unit) {
    bytes_.resize((bytes_.size() + unit - 1) / unit * unit);
    return *this;
  }
  const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

class GgufBuilder {
 public:
  // ---- well-formed parts
  GgufBuilder& key(std::string_view name, std::string_view value) {
    return raw_key(name, 8, ByteWriter().string(value).bytes());
  }
  GgufBuilder& key(std::string_view name, const char* value) { return key(name, std::string_view(value)); }
  GgufBuilder& key(std::string_view name, std::uint32_t value) { return scalar(name, 4, value); }
  GgufBuilder& key(std::string_view name, std::int32_t value) { return scalar(name, 5, value); }
  GgufBuilder& key(std::string_view name, float value) { return scalar(name, 6, value); }
  GgufBuilder& key(std::string_view name, bool value) { return scalar(name, 7, static_cast<std::uint8_t>(value)); }
  GgufBuilder& key(std::string_view name, std::uint64_t value) { return scalar(name, 10, value); }
  GgufBuilder& key(std::string_view name, std::int64_t value) { return scalar(name, 11, value); }
  GgufBuilder& key(std::string_view name, double value) { return scalar(name, 12, value); }
  GgufBuilder& key(std::string_view name, const std::vector<std::string>& values) {
    ByteWriter array;
    array.number<std::uint32_t>(8).number<std::uint64_t>(values.size());
    for (const std::string& value : values) array.string(value);
    return raw_key(name, 9, array.bytes());
  }
  GgufBuilder& key(std::string_view name, const std::vector<float>& values) { return array(name, 6, values); }
  GgufBuilder& key(std::string_view name, const std::vector<std::int32_t>& values) { return array(name, 5, values); }
  GgufBuilder& key(std::string_view name, const std::vector<std::uint32_t>& values) { return array(name, 4, values); }

  // Data: `data` repeated or cut to the tensor's size; zeros if there is none. The next free aligned offset.
  GgufBuilder& tensor(std::string_view name, kernels::TensorType type, const std::vector<std::uint64_t>& dims,
                      std::span<const std::byte> data = {}) {
    const kernels::QuantFormat& format = kernels::format_of(type);
    std::uint64_t n_values = 1;
    for (const std::uint64_t dim : dims) n_values *= dim;
    const std::size_t size_bytes = static_cast<std::size_t>(n_values / format.block_values * format.block_bytes);
    raw_tensor(name, dims, static_cast<std::uint32_t>(type), data_.bytes().size());
    std::vector<std::byte> image(size_bytes);
    for (std::size_t i = 0; i < size_bytes && !data.empty(); ++i) image[i] = data[i % data.size()];
    data_.raw(image).pad_to(alignment_);
    return *this;
  }
  GgufBuilder& tensor(std::string_view name, const std::vector<std::uint64_t>& dims, std::span<const float> values) {
    return tensor(name, kernels::TensorType::f32, dims, std::as_bytes(values));
  }
  GgufBuilder& alignment(std::uint32_t value) {  // before the first tensor
    alignment_ = value;
    return key("general.alignment", value);
  }

  // ---- parts as they should not be
  GgufBuilder& magic(std::string_view four_bytes) { return magic_ = four_bytes, *this; }
  GgufBuilder& version(std::uint32_t value) { return version_ = value, *this; }
  GgufBuilder& n_keys(std::uint64_t claimed) { return claimed_keys_ = claimed, *this; }
  GgufBuilder& n_tensors(std::uint64_t claimed) { return claimed_tensors_ = claimed, *this; }
  GgufBuilder& raw_key(std::string_view name, std::uint32_t type_id, std::span<const std::byte> value) {
    keys_.string(name).number(type_id).raw(value);
    ++n_keys_;
    return *this;
  }
  GgufBuilder& raw_tensor(std::string_view name, const std::vector<std::uint64_t>& dims, std::uint32_t type_id,
                          std::uint64_t offset, std::optional<std::uint32_t> n_dims = {}) {
    table_.string(name).number(n_dims.value_or(static_cast<std::uint32_t>(dims.size())));
    for (const std::uint64_t dim : dims) table_.number(dim);
    table_.number(type_id).number(offset);
    ++n_tensors_;
    return *this;
  }
  GgufBuilder& raw_data(std::size_t size_bytes) {  // zeros at the end of the data section
    data_.raw(std::vector<std::byte>(size_bytes));
    return *this;
  }

  std::vector<std::byte> build() const {
    ByteWriter out;
    out.raw(magic_).number(version_);
    out.number(claimed_tensors_.value_or(n_tensors_)).number(claimed_keys_.value_or(n_keys_));
    out.raw(keys_.bytes()).raw(table_.bytes());
    if (n_tensors_ > 0) out.pad_to(alignment_).raw(data_.bytes());
    return out.bytes();
  }

 private:
  template <class T>
  GgufBuilder& scalar(std::string_view name, std::uint32_t type_id, T value) {
    return raw_key(name, type_id, ByteWriter().number(value).bytes());
  }
  template <class T>
  GgufBuilder& array(std::string_view name, std::uint32_t element_id, const std::vector<T>& values) {
    ByteWriter out;
    out.number(element_id).template number<std::uint64_t>(values.size()).raw(std::as_bytes(std::span(values)));
    return raw_key(name, 9, out.bytes());
  }

  std::string magic_ = "GGUF";
  std::uint32_t version_ = 3;
  std::uint32_t alignment_ = 32;
  std::optional<std::uint64_t> claimed_keys_, claimed_tensors_;
  std::uint64_t n_keys_ = 0, n_tensors_ = 0;
  ByteWriter keys_, table_, data_;
};

inline void write_file(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace quern::test

// The header of a GGUF v3 file to be written: metadata of every type and the tensor table, with the place of each
// tensor. Keys and tensors appear in the order they were put. Programmer errors (a name used twice) are asserted.
// Threads: one thread per builder. Ownership: copies everything.
#pragma once

#include "base/result.hpp"
#include "engine/gguf/reader.hpp"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quern::engine::gguf {

template <class T>
concept GgufScalar = std::same_as<T, bool> || std::same_as<T, float> || std::same_as<T, double> ||
    (std::integral<T> && !std::same_as<T, char>);

template <GgufScalar T>
constexpr ValueType value_type_of() noexcept {
  if constexpr (std::same_as<T, bool>) return ValueType::boolean;
  if constexpr (std::same_as<T, float>) return ValueType::f32;
  if constexpr (std::same_as<T, double>) return ValueType::f64;
  if constexpr (std::integral<T> && !std::same_as<T, bool>) {
    constexpr bool kSigned = std::is_signed_v<T>;
    if constexpr (sizeof(T) == 1) return kSigned ? ValueType::i8 : ValueType::u8;
    if constexpr (sizeof(T) == 2) return kSigned ? ValueType::i16 : ValueType::u16;
    if constexpr (sizeof(T) == 4) return kSigned ? ValueType::i32 : ValueType::u32;
    if constexpr (sizeof(T) == 8) return kSigned ? ValueType::i64 : ValueType::u64;
  }
}

// A tensor whose data is still to come.
struct TensorPlan {
  std::string name;
  kernels::TensorType type = kernels::TensorType::f32;
  std::uint32_t n_dims = 1;
  std::array<std::uint64_t, 4> dims{1, 1, 1, 1};  // dims[0] is the contiguous one
  std::uint64_t offset = 0;                       // in the data section; a multiple of the alignment
  std::uint64_t size_bytes = 0;

  std::uint64_t n_values() const noexcept { return dims[0] * dims[1] * dims[2] * dims[3]; }
};

class HeaderBuilder {
 public:
  // alignment: a power of two from 8; another one than 32 is also put as general.alignment.
  explicit HeaderBuilder(std::uint32_t alignment = 32);

  template <GgufScalar T>
  void put(std::string_view key, T value) {
    begin_value(key, value_type_of<T>());
    append_scalar(value);
  }
  void put(std::string_view key, std::string_view value);
  void put(std::string_view key, const char* value) { put(key, std::string_view(value)); }
  template <GgufScalar T>
  void put_array(std::string_view key, const std::vector<T>& values) {
    begin_array(key, value_type_of<T>(), values.size());
    for (const T value : values) append_scalar(value);
  }
  void put_array(std::string_view key, std::span<const std::string> values);

  // Errors: corrupt, as tensor_bytes (tensor_table.hpp); bad_input for no or more than four dimensions.
  Status add_tensor(std::string_view name, kernels::TensorType type, std::span<const std::uint64_t> dims);

  std::uint32_t alignment() const noexcept { return alignment_; }
  const std::vector<TensorPlan>& tensors() const noexcept { return tensors_; }
  // The header, padded so that the data section follows directly.
  std::vector<std::byte> build() const;
  // Bytes of the data section: every tensor padded to the alignment.
  std::uint64_t data_bytes() const noexcept { return data_bytes_; }

 private:
  void begin_value(std::string_view key, ValueType type);
  void begin_array(std::string_view key, ValueType element, std::size_t count);
  template <GgufScalar T>
  void append_scalar(T value) {
    const std::byte* raw = reinterpret_cast<const std::byte*>(&value);
    metadata_.insert(metadata_.end(), raw, raw + sizeof value);
  }

  std::uint32_t alignment_;
  std::uint64_t n_keys_ = 0;
  std::vector<std::byte> metadata_;  // as in the file
  std::vector<TensorPlan> tensors_;
  std::uint64_t data_bytes_ = 0;
  std::set<std::string, std::less<>> key_names_, tensor_names_;
};

}  // namespace quern::engine::gguf

// A GGUF file (v2, v3; little-endian; one file or a split set) as an index over mapped bytes. Every offset, count, type
// and string length is checked against the file before it is used; nothing is read past the map; arithmetic is checked.
// Threads: const after open. Ownership: the GgufFile owns the maps; views point into them.
// Errors: corrupt or unsupported with a detail that names the key or tensor, what was expected and what was found.
// Source: GGUF specification (ggml-org/ggml docs/gguf.md).
#pragma once

#include "base/mmap_file.hpp"
#include "base/result.hpp"
#include "kernels/quant/quant_format.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quern::engine::gguf {

enum class ValueType : std::uint32_t {
  u8 = 0,
  i8 = 1,
  u16 = 2,
  i16 = 3,
  u32 = 4,
  i32 = 5,
  f32 = 6,
  boolean = 7,
  string = 8,
  array = 9,
  u64 = 10,
  i64 = 11,
  f64 = 12,
};
const char* value_type_name(ValueType type) noexcept;

// Limits on outside data; a file beyond them is refused with their name.
struct ReaderLimits {
  std::uint64_t max_keys = 65536;
  std::uint64_t max_tensors = 1u << 20;
  std::uint64_t max_string_bytes = 64u << 20;
  std::uint64_t max_array_items = 16u << 20;
  std::uint32_t max_splits = 1024;
};

// An array value: fixed-size elements stay in the map; strings are indexed once. Nested arrays are refused.
struct ArrayView {
  ValueType element = ValueType::u8;
  std::uint64_t count = 0;
  std::span<const std::byte> raw;         // count elements, unaligned; empty for strings
  std::vector<std::string_view> strings;  // for element == string
};

struct Value {
  ValueType type = ValueType::u8;
  // Scalars, widened: exactly one of these is meaningful, by type.
  std::uint64_t u = 0;
  std::int64_t i = 0;
  double f = 0;
  std::string_view s;
  ArrayView array;
};

struct Tensor {
  std::string_view name;
  kernels::TensorType type = kernels::TensorType::f32;
  std::uint32_t n_dims = 0;
  std::array<std::uint64_t, 4> dims{1, 1, 1, 1};  // GGUF order: dims[0] is the contiguous one (columns)
  std::span<const std::byte> data;

  std::uint64_t n_values() const noexcept { return dims[0] * dims[1] * dims[2] * dims[3]; }  // checked at load
};

class GgufFile {
 public:
  // Opens `path`; for any file of a split set "...-00001-of-0000N.gguf" the whole set. The metadata is that of the
  // first.
  static Result<std::unique_ptr<GgufFile>> open(const std::string& path, const ReaderLimits& limits = {});
  // The same over memory that outlives the object (the embedded model, fuzzing). No splits. Tensor data is as aligned
  // as `bytes` is: 8 bytes at least, or its floats must not be read in place.
  static Result<std::unique_ptr<GgufFile>> parse(std::span<const std::byte> bytes, std::string name,
                                                 const ReaderLimits& limits = {});

  std::size_t n_files() const noexcept { return files_.size(); }  // of a split set
  const std::string& name() const noexcept { return name_; }      // path, for messages
  std::uint32_t version() const noexcept { return version_; }
  std::uint32_t alignment() const noexcept { return alignment_; }

  const std::map<std::string_view, Value>& metadata() const noexcept { return metadata_; }
  const std::vector<Tensor>& tensors() const noexcept { return tensors_; }
  const Value* find(std::string_view key) const noexcept;
  const Tensor* find_tensor(std::string_view tensor_name) const noexcept;
  // Takes the pages of a part of a tensor's data out of memory, where they are mapped; they come back when they are
  // read.
  void drop(std::span<const std::byte> part) const noexcept {
    for (const MmapFile& file : files_) file.drop(part);
  }

  // Typed access. Any integer type is accepted where the value fits. Errors name the key, the wanted and found type or
  // range; a missing key is not_found.
  Result<std::uint64_t> get_uint(std::string_view key) const;
  Result<std::int64_t> get_int(std::string_view key) const;
  Result<double> get_float(std::string_view key) const;  // f32, f64 or any integer; finite
  Result<bool> get_bool(std::string_view key) const;
  Result<std::string_view> get_string(std::string_view key) const;
  Result<const ArrayView*> get_array(std::string_view key, ValueType element) const;
  Result<std::vector<std::int64_t>> get_int_array(std::string_view key) const;  // any integer element type
  Result<std::vector<float>> get_float_array(std::string_view key) const;       // no NaN
  Result<std::string_view> get_bytes(std::string_view key) const;               // elements of type u8 or i8
  // Missing: the default. Present with a wrong type: an error.
  Result<std::uint64_t> get_uint_or(std::string_view key, std::uint64_t fallback) const;
  Result<double> get_float_or(std::string_view key, double fallback) const;
  Result<bool> get_bool_or(std::string_view key, bool fallback) const;
  Result<std::string_view> get_string_or(std::string_view key, std::string_view fallback) const;

 private:
  friend class Parser;
  GgufFile() = default;
  std::string name_;
  std::uint32_t version_ = 0;
  std::uint32_t alignment_ = 32;
  std::vector<MmapFile> files_;
  std::map<std::string_view, Value> metadata_;
  std::vector<Tensor> tensors_;
  std::map<std::string_view, std::size_t> tensor_index_;
};

}  // namespace quern::engine::gguf

#include "engine/gguf/header_builder.hpp"

#include "base/assert.hpp"
#include "base/checked.hpp"
#include "engine/gguf/tensor_table.hpp"

#include <algorithm>
#include <bit>

namespace quern::engine::gguf {
namespace {

template <class T>
void append(std::vector<std::byte>& out, T value) {
  const std::byte* raw = reinterpret_cast<const std::byte*>(&value);
  out.insert(out.end(), raw, raw + sizeof value);
}

void append_string(std::vector<std::byte>& out, std::string_view text) {
  append<std::uint64_t>(out, text.size());
  const std::byte* raw = reinterpret_cast<const std::byte*>(text.data());
  out.insert(out.end(), raw, raw + text.size());
}

}  // namespace

HeaderBuilder::HeaderBuilder(std::uint32_t alignment) : alignment_(alignment) {
  QUERN_ASSERT(std::has_single_bit(alignment) && alignment >= 8);
  if (alignment != 32) put("general.alignment", alignment);
}

void HeaderBuilder::begin_value(std::string_view key, ValueType type) {
  QUERN_ASSERT(!key.empty() && key_names_.emplace(key).second);
  append_string(metadata_, key);
  append(metadata_, static_cast<std::uint32_t>(type));
  ++n_keys_;
}

void HeaderBuilder::begin_array(std::string_view key, ValueType element, std::size_t count) {
  begin_value(key, ValueType::array);
  append(metadata_, static_cast<std::uint32_t>(element));
  append<std::uint64_t>(metadata_, count);
}

void HeaderBuilder::put(std::string_view key, std::string_view value) {
  begin_value(key, ValueType::string);
  append_string(metadata_, value);
}

void HeaderBuilder::put_array(std::string_view key, std::span<const std::string> values) {
  begin_array(key, ValueType::string, values.size());
  for (const std::string& value : values) append_string(metadata_, value);
}

Status HeaderBuilder::add_tensor(std::string_view name, kernels::TensorType type, std::span<const std::uint64_t> dims) {
  if (dims.empty() || dims.size() > 4) {
    return fail(Errc::bad_input, "tensor \"{}\": want 1 to 4 dimensions, found {}", name, dims.size());
  }
  Tensor tensor;
  tensor.name = name;
  tensor.type = type;
  std::copy(dims.begin(), dims.end(), tensor.dims.begin());
  TensorPlan plan{std::string(name), type, static_cast<std::uint32_t>(dims.size()), tensor.dims, data_bytes_, 0};
  QUERN_TRY(plan.size_bytes, tensor_bytes(tensor));
  const auto padded = checked_round_up<std::uint64_t>(plan.size_bytes, alignment_);
  const auto end = padded ? checked_add(data_bytes_, *padded) : std::nullopt;
  if (!end) return fail(Errc::corrupt, "tensor \"{}\": the data section would be larger than any file", name);
  QUERN_ASSERT(!name.empty() && tensor_names_.emplace(name).second);
  data_bytes_ = *end;
  tensors_.push_back(std::move(plan));
  return {};
}

std::vector<std::byte> HeaderBuilder::build() const {
  std::vector<std::byte> out;
  append<std::uint32_t>(out, 0x46554747);  // "GGUF"
  append<std::uint32_t>(out, 3);
  append<std::uint64_t>(out, tensors_.size());
  append<std::uint64_t>(out, n_keys_);
  out.insert(out.end(), metadata_.begin(), metadata_.end());
  for (const TensorPlan& tensor : tensors_) {
    append_string(out, tensor.name);
    append(out, tensor.n_dims);
    for (std::uint32_t d = 0; d < tensor.n_dims; ++d) append(out, tensor.dims[d]);
    append(out, static_cast<std::uint32_t>(tensor.type));
    append(out, tensor.offset);
  }
  out.resize((out.size() + alignment_ - 1) / alignment_ * alignment_);
  return out;
}

}  // namespace quern::engine::gguf

#include "engine/gguf/tensor_table.hpp"

#include "base/checked.hpp"
#include "engine/gguf/printable.hpp"

#include <algorithm>

namespace quern::engine::gguf {
namespace {

using kernels::QuantFormat;

// Name length, one-letter name, n_dims, one dimension, type, offset: no entry is shorter.
constexpr std::uint64_t kMinEntryBytes = 8 + 1 + 4 + 8 + 4 + 8;

struct Entry {
  Tensor tensor;
  std::uint64_t offset = 0;  // from the start of the data section
  std::uint64_t size_bytes = 0;
};

Result<kernels::TensorType> known_type(std::uint32_t id, const Item& item) {
  if (const QuantFormat* format = kernels::find_format(id)) return format->type;
  return fail(Errc::unsupported, "{}: want a tensor type this build knows (ids below {}), found id {}", item.describe(),
              kernels::kTensorTypeIds, id);
}

Result<Entry> parse_entry(ByteCursor& cursor, std::uint64_t index) {
  Entry entry;
  Tensor& tensor = entry.tensor;
  QUERN_TRY(tensor.name, cursor.read_string({"tensor", {}, index, "name"}, kMaxNameBytes));
  if (tensor.name.empty()) return fail(Errc::corrupt, "tensor number {}: want a name, found an empty one", index);
  const auto item = [&](const char* part) { return Item{"tensor", tensor.name, index, part}; };
  QUERN_TRY(tensor.n_dims, cursor.read<std::uint32_t>(item("n_dims")));
  if (tensor.n_dims < 1 || tensor.n_dims > tensor.dims.size()) {
    return fail(Errc::corrupt, "{}: want 1 to {} dimensions, found {}", item("n_dims").describe(), tensor.dims.size(),
                tensor.n_dims);
  }
  for (std::uint32_t d = 0; d < tensor.n_dims; ++d) {
    QUERN_TRY(tensor.dims[d], cursor.read<std::uint64_t>(item("dims")));
  }
  QUERN_TRY(const auto type_id, cursor.read<std::uint32_t>(item("type")));
  QUERN_TRY(tensor.type, known_type(type_id, item("type")));
  QUERN_TRY(entry.offset, cursor.read<std::uint64_t>(item("offset")));
  QUERN_TRY(entry.size_bytes, tensor_bytes(tensor));
  return entry;
}

// Sets tensor.data. `data` is the data section: all that follows the padded header.
Status place(Entry& entry, std::uint32_t alignment, std::span<const std::byte> data) {
  const Item item{"tensor", entry.tensor.name, 0, "offset"};
  if (entry.offset % alignment != 0) {
    return fail(Errc::corrupt, "{}: want a multiple of {}, found {}", item.describe(), alignment, entry.offset);
  }
  const auto end = checked_add(entry.offset, entry.size_bytes);
  if (!end || *end > data.size()) {
    return fail(Errc::corrupt, "{}: want {} bytes at offset {} of the data section, found a section of {} bytes",
                Item{"tensor", entry.tensor.name, 0, "data"}.describe(), entry.size_bytes, entry.offset, data.size());
  }
  entry.tensor.data = data.subspan(static_cast<std::size_t>(entry.offset), static_cast<std::size_t>(entry.size_bytes));
  return {};
}

Status check_overlaps(const std::vector<Entry>& entries) {
  std::vector<const Entry*> by_offset;
  by_offset.reserve(entries.size());
  for (const Entry& entry : entries) {
    if (entry.size_bytes > 0) by_offset.push_back(&entry);
  }
  std::sort(by_offset.begin(), by_offset.end(), [](const Entry* a, const Entry* b) { return a->offset < b->offset; });
  for (std::size_t i = 1; i < by_offset.size(); ++i) {
    const Entry& before = *by_offset[i - 1];
    const Entry& after = *by_offset[i];
    if (after.offset < before.offset + before.size_bytes) {
      return fail(Errc::corrupt, "tensor \"{}\": want its own bytes, found offset {} inside tensor \"{}\" ({} to {})",
                  printable(after.tensor.name, 128), after.offset, printable(before.tensor.name, 128), before.offset,
                  before.offset + before.size_bytes);
    }
  }
  return {};
}

}  // namespace

Result<std::uint64_t> tensor_bytes(const Tensor& tensor) {
  const QuantFormat& format = kernels::format_of(tensor.type);
  const Item item{"tensor", tensor.name, 0, "dims"};
  if (tensor.dims[0] % format.block_values != 0) {
    return fail(Errc::corrupt, "{}: want rows of a multiple of {} values for type {}, found {}", item.describe(),
                format.block_values, format.name, tensor.dims[0]);
  }
  std::uint64_t n_values = 1;
  for (const std::uint64_t dim : tensor.dims) {
    const auto product = checked_mul(n_values, dim);
    if (!product)
      return fail(Errc::corrupt, "{}: the product of {} is beyond 2^64", item.describe(),
                  fmt::join(tensor.dims, " x "));
    n_values = *product;
  }
  const auto size_bytes = checked_mul<std::uint64_t>(n_values / format.block_values, format.block_bytes);
  if (!size_bytes || n_values > INT64_MAX || *size_bytes > INT64_MAX) {
    return fail(Errc::corrupt, "{}: want at most 2^63 values and bytes, found {}", item.describe(),
                fmt::join(tensor.dims, " x "));
  }
  return *size_bytes;
}

Result<std::vector<Tensor>> parse_tensor_table(ByteCursor& cursor, std::uint64_t count, std::uint32_t alignment,
                                               std::span<const std::byte> file) {
  if (count > cursor.remaining() / kMinEntryBytes) {
    return fail(Errc::corrupt, "tensor count: want {} entries, found room for {} before the end of the file", count,
                cursor.remaining() / kMinEntryBytes);
  }
  std::vector<Entry> entries;
  entries.reserve(static_cast<std::size_t>(count));
  for (std::uint64_t i = 0; i < count; ++i) {
    QUERN_TRY(entries.emplace_back(), parse_entry(cursor, i));
  }
  // A file without tensors may end with its header: then the section is empty, as it is when the padding is cut off.
  const std::uint64_t data_start = std::min<std::uint64_t>(
      checked_round_up<std::uint64_t>(cursor.offset(), alignment).value_or(file.size()), file.size());
  const std::span<const std::byte> data = file.subspan(static_cast<std::size_t>(data_start));
  for (Entry& entry : entries) QUERN_CHECK(place(entry, alignment, data));
  QUERN_CHECK(check_overlaps(entries));
  std::vector<Tensor> tensors;
  tensors.reserve(entries.size());
  for (Entry& entry : entries) tensors.push_back(entry.tensor);
  return tensors;
}

}  // namespace quern::engine::gguf

#include "app/inspect/summary.hpp"

#include "engine/gguf/file_type.hpp"

#include <algorithm>
#include <map>

namespace quern::app {
double FileSummary::bits_per_value() const noexcept {
  return n_values == 0 ? 0 : 8.0 * static_cast<double>(size_bytes) / static_cast<double>(n_values);
}

FileSummary summarize(const engine::gguf::GgufFile& file) {
  FileSummary summary;
  // A wrong type here is the loader's business: the report shows the value as it is.
  if (const auto name = file.get_string_or("general.architecture", "")) summary.architecture = *name;
  if (const auto id = file.get_uint("general.file_type")) summary.file_type = engine::gguf::file_type_name(*id);
  std::map<kernels::TensorType, TypeShare> by_type;
  for (const engine::gguf::Tensor& tensor : file.tensors()) {
    TypeShare& share = by_type.try_emplace(tensor.type, TypeShare{.type = tensor.type}).first->second;
    ++share.n_tensors;
    share.n_values += tensor.n_values();
    share.size_bytes += tensor.data.size();
    summary.n_values += tensor.n_values();
    summary.size_bytes += tensor.data.size();
  }
  for (const auto& [type, share] : by_type) summary.types.push_back(share);
  std::stable_sort(summary.types.begin(), summary.types.end(),
                   [](const TypeShare& a, const TypeShare& b) { return a.size_bytes > b.size_bytes; });
  return summary;
}

}  // namespace quern::app

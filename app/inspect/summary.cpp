#include "app/inspect/summary.hpp"

#include <algorithm>
#include <map>

namespace quern::app {
namespace {

struct FileTypeName {
  std::uint64_t id;
  const char* name;
};
// Source: llama.h, enum llama_ftype.
constexpr FileTypeName kFileTypes[] = {
    {0, "f32"},     {1, "f16"},     {2, "q4_0"},     {3, "q4_1"},    {7, "q8_0"},     {8, "q5_0"},
    {9, "q5_1"},    {10, "q2_k"},   {11, "q3_k_s"},  {12, "q3_k_m"}, {13, "q3_k_l"},  {14, "q4_k_s"},
    {15, "q4_k_m"}, {16, "q5_k_s"}, {17, "q5_k_m"},  {18, "q6_k"},   {19, "iq2_xxs"}, {20, "iq2_xs"},
    {21, "q2_k_s"}, {22, "iq3_xs"}, {23, "iq3_xxs"}, {24, "iq1_s"},  {25, "iq4_nl"},  {26, "iq3_s"},
    {27, "iq3_m"},  {28, "iq2_s"},  {29, "iq2_m"},   {30, "iq4_xs"}, {31, "iq1_m"},   {32, "bf16"},
    {36, "tq1_0"},  {37, "tq2_0"},  {38, "mxfp4"},   {39, "nvfp4"},  {40, "q1_0"},    {41, "q2_0"},
};

std::string file_type_name(std::uint64_t id) {
  for (const FileTypeName& row : kFileTypes) {
    if (row.id == id) return row.name;
  }
  return fmt::format("{} (unknown)", id);
}

}  // namespace

double FileSummary::bits_per_value() const noexcept {
  return n_values == 0 ? 0 : 8.0 * static_cast<double>(size_bytes) / static_cast<double>(n_values);
}

FileSummary summarize(const engine::gguf::GgufFile& file) {
  FileSummary summary;
  // A wrong type here is the loader's business: the report shows the value as it is.
  if (const auto name = file.get_string_or("general.architecture", "")) summary.architecture = *name;
  if (const auto id = file.get_uint("general.file_type")) summary.file_type = file_type_name(*id);
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

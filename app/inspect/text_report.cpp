#include "app/inspect/text_report.hpp"

#include "app/inspect/summary.hpp"
#include "app/inspect/values.hpp"
#include "engine/gguf/convert.hpp"
#include "engine/gguf/printable.hpp"
#include "engine/sampling/file_defaults.hpp"

#include <algorithm>
#include <ostream>

#include <fmt/ranges.h>

namespace quern::app {
namespace {

using engine::gguf::GgufFile;
using engine::gguf::printable;
using engine::gguf::Tensor;
using engine::gguf::Value;
using engine::gguf::ValueType;

constexpr std::uint64_t kShownItems = 6;
constexpr std::size_t kShownBytes = 72;  // of a string; an item of an array gets a third

std::string quoted(std::string_view text, std::size_t max_bytes) {
  return '"' + printable(text, max_bytes) + '"';
}

std::string short_text(const Value& value) {
  if (value.type == ValueType::string) return quoted(value.s, kShownBytes);
  if (value.type != ValueType::array) return scalar_text(value);
  std::vector<std::string> items;
  for (std::uint64_t i = 0; i < std::min(value.array.count, kShownItems); ++i) {
    const Value item = element(value.array, i);
    items.push_back(item.type == ValueType::string ? quoted(item.s, kShownBytes / 3) : scalar_text(item));
  }
  if (value.array.count > kShownItems) items.emplace_back("...");
  return fmt::format("[{}]", fmt::join(items, ", "));
}

std::string shape_text(const Tensor& tensor) {
  return fmt::format("[{}]", fmt::join(tensor.dims.begin(), tensor.dims.begin() + tensor.n_dims, ", "));
}

std::string count_text(std::uint64_t n) {
  const double value = static_cast<double>(n);
  if (value >= 1e9) return fmt::format("{:.2f} billion", value / 1e9);
  if (value >= 1e6) return fmt::format("{:.1f} million", value / 1e6);
  return fmt::format("{}", n);
}

template <class Range, class Length>
std::size_t widest(const Range& items, Length length) {
  std::size_t width = 0;
  for (const auto& item : items) width = std::max(width, length(item));
  return std::min<std::size_t>(width, 48);
}

}  // namespace

std::string size_text(std::uint64_t size_bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(size_bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(kUnits); ++unit) value /= 1024;
  return unit == 0 ? fmt::format("{} B", size_bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

void print_metadata(const GgufFile& file, std::ostream& out) {
  out << fmt::format("Metadata: {} keys\n", file.metadata().size());
  const std::size_t width = widest(file.metadata(), [](const auto& entry) { return printable(entry.first).size(); });
  for (const auto& [key, value] : file.metadata()) {
    std::string type = engine::gguf::type_text(value);
    if (value.type == ValueType::array) type += fmt::format("[{}]", value.array.count);
    out << fmt::format("  {:<{}}  {:<22} {}\n", printable(key), width, type, short_text(value));
  }
}

void print_tensors(const GgufFile& file, std::ostream& out) {
  out << fmt::format("Tensors: {} (shape: row length first)\n", file.tensors().size());
  const std::size_t width = widest(file.tensors(), [](const Tensor& t) { return printable(t.name).size(); });
  for (const Tensor& tensor : file.tensors()) {
    out << fmt::format("  {:<{}}  {:<22} {:<8} {:>12}\n", printable(tensor.name), width, shape_text(tensor),
                       kernels::format_of(tensor.type).name, tensor.data.size());
  }
}

void print_summary(const GgufFile& file, std::ostream& out) {
  const FileSummary summary = summarize(file);
  const auto line = [&out](const char* name, const std::string& text) {
    out << fmt::format("  {:<14}{}\n", name, text);
  };
  out << "Summary\n";
  line("architecture", summary.architecture.empty() ? "not given" : printable(summary.architecture));
  line("parameters", count_text(summary.n_values));
  line("tensor bytes", fmt::format("{} ({} bytes, {:.2f} bits per parameter)", size_text(summary.size_bytes),
                                   summary.size_bytes, summary.bits_per_value()));
  line("file type", summary.file_type.empty() ? "not given" : summary.file_type);
  line("container", fmt::format("GGUF v{}, {} file{}, alignment {}", file.version(), file.n_files(),
                                file.n_files() == 1 ? "" : "s", file.alignment()));
  const auto sampling = engine::sampling::read_file_defaults(file);
  if (!sampling.applied.empty()) line("sampling", fmt::format("{}", fmt::join(sampling.applied, ", ")));
  for (const std::string& reason : sampling.ignored) line("not honoured", reason);
  for (const TypeShare& share : summary.types) {
    const double percent = summary.size_bytes == 0 ? 0.0
                                                   : 100.0 * static_cast<double>(share.size_bytes) /
                                                         static_cast<double>(summary.size_bytes);
    line(kernels::format_of(share.type).name,
         fmt::format("{} tensors, {} parameters, {} ({:.1f}%)", share.n_tensors, count_text(share.n_values),
                     size_text(share.size_bytes), percent));
  }
}

void print_value(const Value& value, std::ostream& out) {
  const auto print_lines = [&out](std::string_view text) {
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      out << printable(text.substr(begin, end - begin), SIZE_MAX) << '\n';
      begin = end + 1;
    }
  };
  if (value.type == ValueType::string) return print_lines(value.s);
  if (value.type != ValueType::array) {
    out << scalar_text(value) << '\n';
    return;
  }
  for (std::uint64_t i = 0; i < value.array.count; ++i) {
    const Value item = element(value.array, i);
    out << (item.type == ValueType::string ? printable(item.s, SIZE_MAX) : scalar_text(item)) << '\n';
  }
}

}  // namespace quern::app

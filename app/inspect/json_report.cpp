#include "app/inspect/json_report.hpp"

#include "app/inspect/summary.hpp"
#include "app/inspect/values.hpp"
#include "engine/gguf/convert.hpp"
#include "engine/gguf/printable.hpp"
#include "engine/sampling/file_defaults.hpp"

#include <algorithm>
#include <cmath>

#include <boost/json.hpp>

namespace quern::app {
namespace {

namespace json = boost::json;
using engine::gguf::GgufFile;
using engine::gguf::Tensor;
using engine::gguf::valid_utf8;
using engine::gguf::Value;
using engine::gguf::ValueType;

constexpr std::uint64_t kShownItems = 16;

json::value scalar(const Value& value) {
  switch (value.type) {
    case ValueType::string:
      return json::value(valid_utf8(value.s));
    case ValueType::boolean:
      return value.u != 0;
    case ValueType::f32:
    case ValueType::f64:
      if (!std::isfinite(value.f)) return json::value(scalar_text(value));
      // 0.1f is 0.10000000149..: the short form is the same number to whoever reads it as F32.
      return value.type == ValueType::f64 ? value.f : std::stod(scalar_text(value));
    case ValueType::u8:
    case ValueType::u16:
    case ValueType::u32:
    case ValueType::u64:
      return value.u;
    default:
      return value.i;
  }
}

json::array items(const Value& value, std::uint64_t max_items) {
  json::array out;
  for (std::uint64_t i = 0; i < std::min(value.array.count, max_items); ++i) {
    out.push_back(scalar(element(value.array, i)));
  }
  return out;
}

json::object value_object(const Value& value, std::uint64_t max_items) {
  json::object out{{"type", engine::gguf::type_text(value)}};
  if (value.type != ValueType::array) {
    out["value"] = scalar(value);
  } else if (value.array.count <= max_items) {
    out["value"] = items(value, max_items);
  } else {
    out["count"] = value.array.count;
    out["first"] = items(value, max_items);
  }
  return out;
}

json::object tensor_object(const Tensor& tensor) {
  return {{"name", valid_utf8(tensor.name)},
          {"shape", json::array(tensor.dims.begin(), tensor.dims.begin() + tensor.n_dims)},
          {"type", kernels::format_of(tensor.type).name},
          {"bytes", tensor.data.size()}};
}

json::object summary_object(const GgufFile& file) {
  const FileSummary summary = summarize(file);
  json::object types;
  for (const TypeShare& share : summary.types) {
    types[kernels::format_of(share.type).name] = {
        {"tensors", share.n_tensors}, {"parameters", share.n_values}, {"bytes", share.size_bytes}};
  }
  const auto sampling = engine::sampling::read_file_defaults(file);
  return {{"architecture", valid_utf8(summary.architecture)},
          {"parameters", summary.n_values},
          {"bytes", summary.size_bytes},
          {"bits_per_parameter", summary.bits_per_value()},
          {"file_type", summary.file_type},
          {"sampling", json::array(sampling.applied.begin(), sampling.applied.end())},
          {"sampling_not_honoured", json::array(sampling.ignored.begin(), sampling.ignored.end())},
          {"types", std::move(types)}};
}

// Everything beyond ASCII as \uNNNN. REQUIRES: text is valid UTF-8.
std::string to_ascii(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    std::uint32_t code = length == 1 ? first : first & (0xFFu >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) code = code << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3Fu);
    i += length;
    if (code >= 0x10000) {
      out += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + ((code - 0x10000) >> 10), 0xDC00 + (code & 0x3FF));
    } else if (code >= 0x7F) {
      out += fmt::format("\\u{:04x}", code);
    } else {
      out += static_cast<char>(code);
    }
  }
  return out;
}

}  // namespace

std::string json_report(const GgufFile& file, const JsonParts& parts) {
  json::object report{{"file", valid_utf8(file.name())},
                      {"version", file.version()},
                      {"alignment", file.alignment()},
                      {"files", file.n_files()}};
  if (parts.metadata) {
    json::object& metadata = report["metadata"].emplace_object();
    for (const auto& [key, value] : file.metadata()) metadata[valid_utf8(key)] = value_object(value, kShownItems);
  }
  if (parts.tensors) {
    json::array& tensors = report["tensors"].emplace_array();
    for (const Tensor& tensor : file.tensors()) tensors.push_back(tensor_object(tensor));
  }
  if (parts.summary) report["summary"] = summary_object(file);
  return to_ascii(json::serialize(report));
}

std::string json_value(std::string_view key, const Value& value) {
  json::object out = value_object(value, UINT64_MAX);
  out["key"] = valid_utf8(key);
  return to_ascii(json::serialize(out));
}

}  // namespace quern::app

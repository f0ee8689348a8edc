#include "tests/golden/dequant_check.hpp"

#include "kernels/quant/quant_format.hpp"
#include "tests/support/golden_json.hpp"

#include <bit>
#include <charconv>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

namespace quern::golden {

namespace {

std::vector<std::uint8_t> bytes_of_hex(std::string_view hex) {
  std::vector<std::uint8_t> out(hex.size() / 2);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const char* digits = hex.data() + 2 * i;
    if (std::from_chars(digits, digits + 2, out[i], 16).ptr != digits + 2) throw std::runtime_error("bad hex digit");
  }
  return out;
}

std::string check(const boost::json::object& json) {
  const auto id = json.at("type_id").to_number<std::uint32_t>();
  const kernels::QuantFormat* format = kernels::find_format(id);
  if (format == nullptr) return fmt::format("type {} is unknown", id);
  if (format->dequantize == nullptr) return fmt::format("type {} has no decoder", format->name);
  const auto block_values = json.at("block_size").to_number<std::uint32_t>();
  const auto block_bytes = json.at("block_bytes").to_number<std::uint32_t>();
  if (format->block_values != block_values || format->block_bytes != block_bytes) {
    return fmt::format("geometry: want {} values in {} bytes, found {} in {}", block_values, block_bytes,
                       format->block_values, format->block_bytes);
  }
  const std::vector<std::uint8_t> raw = bytes_of_hex(json.at("raw_hex").as_string());
  const std::vector<std::uint8_t> want_bytes = bytes_of_hex(json.at("values_f32_bits_hex").as_string());
  std::vector<std::uint32_t> want(want_bytes.size() / sizeof(std::uint32_t));
  std::memcpy(want.data(), want_bytes.data(), want.size() * sizeof(std::uint32_t));
  if (want.empty() || raw.size() != format->row_bytes(want.size())) {
    return fmt::format("{} values need {} bytes, found {}", want.size(), format->row_bytes(want.size()), raw.size());
  }
  std::vector<float> got(want.size());
  format->dequantize(raw.data(), got.size(), got.data());
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (std::bit_cast<std::uint32_t>(got[i]) != want[i]) {
      return fmt::format("value {}: want {}, found {}", i, std::bit_cast<float>(want[i]), got[i]);
    }
  }
  return {};
}

}  // namespace

FileResult check_dequant_file(const std::filesystem::path& json) {
  const boost::json::value value = test::read_json(json);
  const std::string problem = check(value.as_object());
  return {.file = "quant/" + json.stem().string(),
          .passed = problem.empty(),
          .message = problem.empty() ? "bit-equal" : problem};
}

}  // namespace quern::golden

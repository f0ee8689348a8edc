// Inputs for kernel tests: seeded random floats and weights, lengths around vector widths, comparison of results.
#pragma once

#include "kernels/quant/fp16.hpp"
#include "kernels/quant/quant_format.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <initializer_list>
#include <random>
#include <vector>

namespace quern::test {

inline std::vector<float> random_floats(std::size_t n, std::uint64_t seed, float scale = 1.0f) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<float> normal(0.0f, scale);
  std::vector<float> out(n);
  for (float& value : out) value = normal(generator);
  return out;
}

// Each length and its two neighbours, without 0.
inline std::vector<std::size_t> lengths_around(std::initializer_list<std::size_t> lengths) {
  std::vector<std::size_t> out;
  for (const std::size_t n : lengths) {
    for (std::size_t m = n - 1; m <= n + 1; ++m) {
      if (m != 0) out.push_back(m);
    }
  }
  return out;
}

// A row of random blocks. Any bytes are a valid block of any format, except that scales (f16 fields) may then be NaN or
// huge, so these fields are set to numbers of ordinary size. Where the fields lie is found by trying: an f16 field is a
// place whose bytes the decoder turns into infinities.
inline std::vector<std::uint8_t> random_row(const kernels::QuantFormat& format, std::size_t n_values,
                                            std::uint64_t seed) {
  using kernels::TensorType;
  std::mt19937_64 generator(seed);
  std::vector<std::uint8_t> row(format.row_bytes(n_values));
  if (format.block_values == 1) {
    const std::vector<float> values = random_floats(n_values, seed);
    for (std::size_t i = 0; i < n_values; ++i) {
      const auto bits = std::bit_cast<std::uint32_t>(values[i]);
      if (format.type == TensorType::f32) std::memcpy(&row[4 * i], &bits, 4);
      const std::uint16_t half =
          format.type == TensorType::f16 ? kernels::f32_to_f16(values[i]) : static_cast<std::uint16_t>(bits >> 16);
      if (format.type != TensorType::f32) std::memcpy(&row[2 * i], &half, 2);
    }
    return row;
  }
  for (std::uint8_t& byte : row) byte = static_cast<std::uint8_t>(generator());
  std::vector<float> decoded(format.block_values);
  const auto tame = [&](std::uint8_t* block) {
    for (std::size_t offset = 0; offset + 2 <= format.block_bytes; ++offset) {
      std::vector<std::uint8_t> probe(format.block_bytes, 0x11);
      probe[offset] = 0x00;
      probe[offset + 1] = 0x7c;  // infinity as f16
      format.dequantize(probe.data(), format.block_values, decoded.data());
      if (std::any_of(decoded.begin(), decoded.end(), [](float v) { return !std::isfinite(v); })) {
        const std::uint16_t d = kernels::f32_to_f16(std::uniform_real_distribution<float>(0.001f, 0.01f)(generator));
        std::memcpy(block + offset, &d, 2);
      }
    }
    if (format.type == TensorType::iq1_m) {  // the f16 field is spread over the top bits of the last four words
      const std::uint16_t d = kernels::f32_to_f16(std::uniform_real_distribution<float>(0.001f, 0.01f)(generator));
      for (std::size_t w = 0; w < 4; ++w) {
        std::uint8_t& top = block[48 + 2 * w + 1];
        top = static_cast<std::uint8_t>((top & 15) | (d >> (4 * w) & 15) << 4);
      }
    }
    if (format.type == TensorType::mxfp4) block[0] = static_cast<std::uint8_t>(120 + generator() % 8);
  };
  for (std::size_t at = 0; at < row.size(); at += format.block_bytes) tame(&row[at]);
  return row;
}

inline double nmse(const std::vector<float>& got, const std::vector<float>& want) {
  double error = 0, norm = 0;
  for (std::size_t i = 0; i < want.size(); ++i) {
    const double difference = static_cast<double>(got[i]) - want[i];
    error += difference * difference;
    norm += static_cast<double>(want[i]) * want[i];
  }
  return norm > 0 ? error / norm : error;
}

}  // namespace quern::test

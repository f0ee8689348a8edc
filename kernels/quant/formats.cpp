// The list of tensor types. A row without a decoder: files that hold it can be checked and listed, but not run.
#include "kernels/quant/bf16.hpp"
#include "kernels/quant/f16.hpp"
#include "kernels/quant/f32.hpp"
#include "kernels/quant/iq1_m.hpp"
#include "kernels/quant/iq1_s.hpp"
#include "kernels/quant/iq2_s.hpp"
#include "kernels/quant/iq2_xs.hpp"
#include "kernels/quant/iq2_xxs.hpp"
#include "kernels/quant/iq3_s.hpp"
#include "kernels/quant/iq3_xxs.hpp"
#include "kernels/quant/iq4_nl.hpp"
#include "kernels/quant/iq4_xs.hpp"
#include "kernels/quant/mxfp4.hpp"
#include "kernels/quant/nvfp4.hpp"
#include "kernels/quant/q1_0.hpp"
#include "kernels/quant/q2_0.hpp"
#include "kernels/quant/q2_k.hpp"
#include "kernels/quant/q3_k.hpp"
#include "kernels/quant/q4_0.hpp"
#include "kernels/quant/q4_1.hpp"
#include "kernels/quant/q4_k.hpp"
#include "kernels/quant/q5_0.hpp"
#include "kernels/quant/q5_1.hpp"
#include "kernels/quant/q5_k.hpp"
#include "kernels/quant/q6_k.hpp"
#include "kernels/quant/q8_0.hpp"
#include "kernels/quant/quant_format.hpp"
#include "kernels/quant/tq1_0.hpp"
#include "kernels/quant/tq2_0.hpp"

#include <array>

namespace quern::kernels {

namespace {

using enum TensorType;

constexpr std::array kFormats{
    // type, name, values per block, bytes per block, decoder
    QuantFormat{f32, "f32", 1, 4, &dequantize_f32},
    QuantFormat{f16, "f16", 1, 2, &dequantize_f16},
    QuantFormat{q4_0, "q4_0", 32, 18, &dequantize_q4_0},
    QuantFormat{q4_1, "q4_1", 32, 20, &dequantize_q4_1},
    QuantFormat{q5_0, "q5_0", 32, 22, &dequantize_q5_0},
    QuantFormat{q5_1, "q5_1", 32, 24, &dequantize_q5_1},
    QuantFormat{q8_0, "q8_0", 32, 34, &dequantize_q8_0},
    QuantFormat{q8_1, "q8_1", 32, 36, nullptr},
    QuantFormat{q2_k, "q2_k", 256, 84, &dequantize_q2_k},
    QuantFormat{q3_k, "q3_k", 256, 110, &dequantize_q3_k},
    QuantFormat{q4_k, "q4_k", 256, 144, &dequantize_q4_k},
    QuantFormat{q5_k, "q5_k", 256, 176, &dequantize_q5_k},
    QuantFormat{q6_k, "q6_k", 256, 210, &dequantize_q6_k},
    QuantFormat{q8_k, "q8_k", 256, 292, nullptr},
    QuantFormat{iq2_xxs, "iq2_xxs", 256, 66, &dequantize_iq2_xxs},
    QuantFormat{iq2_xs, "iq2_xs", 256, 74, &dequantize_iq2_xs},
    QuantFormat{iq3_xxs, "iq3_xxs", 256, 98, &dequantize_iq3_xxs},
    QuantFormat{iq1_s, "iq1_s", 256, 50, &dequantize_iq1_s},
    QuantFormat{iq4_nl, "iq4_nl", 32, 18, &dequantize_iq4_nl},
    QuantFormat{iq3_s, "iq3_s", 256, 110, &dequantize_iq3_s},
    QuantFormat{iq2_s, "iq2_s", 256, 82, &dequantize_iq2_s},
    QuantFormat{iq4_xs, "iq4_xs", 256, 136, &dequantize_iq4_xs},
    QuantFormat{i8, "i8", 1, 1, nullptr},
    QuantFormat{i16, "i16", 1, 2, nullptr},
    QuantFormat{i32, "i32", 1, 4, nullptr},
    QuantFormat{i64, "i64", 1, 8, nullptr},
    QuantFormat{f64, "f64", 1, 8, nullptr},
    QuantFormat{iq1_m, "iq1_m", 256, 56, &dequantize_iq1_m},
    QuantFormat{bf16, "bf16", 1, 2, &dequantize_bf16},
    QuantFormat{tq1_0, "tq1_0", 256, 54, &dequantize_tq1_0},
    QuantFormat{tq2_0, "tq2_0", 256, 66, &dequantize_tq2_0},
    QuantFormat{mxfp4, "mxfp4", 32, 17, &dequantize_mxfp4},
    QuantFormat{nvfp4, "nvfp4", 64, 36, &dequantize_nvfp4},
    QuantFormat{q1_0, "q1_0", 128, 18, &dequantize_q1_0},
    QuantFormat{q2_0, "q2_0", 64, 18, &dequantize_q2_0},
};

}  // namespace

std::span<const QuantFormat> formats() noexcept {
  return kFormats;
}

const QuantFormat* find_format(std::uint32_t gguf_id) noexcept {
  for (const QuantFormat& format : kFormats) {
    if (static_cast<std::uint32_t>(format.type) == gguf_id) return &format;
  }
  return nullptr;
}

const QuantFormat* find_format(std::string_view name) noexcept {
  for (const QuantFormat& format : kFormats) {
    if (name == format.name) return &format;
  }
  return nullptr;
}

}  // namespace quern::kernels

#include "app/synth/quant_mix.hpp"

#include "app/synth/block_filler.hpp"

#include <gtest/gtest.h>

namespace quern::app {
namespace {

using kernels::TensorType;

TensorType type_of(const QuantMix& mix, WeightRole role, std::uint32_t layer = 0, std::uint32_t n_layers = 32,
                   std::uint64_t n_cols = 4096) {
  return mix.type_of({role, layer, n_layers, n_cols});
}

TEST(QuantMix, Q4KMGivesMoreBitsToTheOuterAndEveryThirdLayer) {
  const QuantMix mix = QuantMix::find("q4_k_m").value();
  EXPECT_EQ(mix.file_type(), 15);
  EXPECT_EQ(type_of(mix, WeightRole::output), TensorType::q6_k);
  EXPECT_EQ(type_of(mix, WeightRole::token_embd), TensorType::q4_k);
  EXPECT_EQ(type_of(mix, WeightRole::ffn_up), TensorType::q4_k);
  // Of 32 layers: 0-3, then 6, 9, .., 27, then 28-31.
  std::vector<std::uint32_t> more_bits;
  for (std::uint32_t layer = 0; layer < 32; ++layer) {
    EXPECT_EQ(type_of(mix, WeightRole::attn_v, layer), type_of(mix, WeightRole::ffn_down, layer));
    if (type_of(mix, WeightRole::attn_v, layer) == TensorType::q6_k) more_bits.push_back(layer);
  }
  EXPECT_EQ(more_bits, (std::vector<std::uint32_t>{0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 28, 29, 30, 31}));
}

// The types that the reference's quantizer chose for a model of one layer (and of two, for q3_k_m).
TEST(QuantMix, AgreesWithTheReferenceOnOneLayer) {
  const QuantMix q4 = QuantMix::find("q4_k_m").value();
  EXPECT_EQ(type_of(q4, WeightRole::attn_v, 0, 1), TensorType::q6_k);
  EXPECT_EQ(type_of(q4, WeightRole::ffn_down, 0, 1), TensorType::q6_k);
  EXPECT_EQ(type_of(q4, WeightRole::attn_output, 0, 1), TensorType::q4_k);
  const QuantMix q3 = QuantMix::find("q3_k_m").value();
  EXPECT_EQ(type_of(q3, WeightRole::attn_v, 0, 1), TensorType::q5_k);
  EXPECT_EQ(type_of(q3, WeightRole::ffn_down, 0, 1), TensorType::q4_k);
  EXPECT_EQ(type_of(q3, WeightRole::attn_output, 0, 1), TensorType::q4_k);
  EXPECT_EQ(type_of(q3, WeightRole::ffn_gate, 0, 1), TensorType::q3_k);
  EXPECT_EQ(type_of(q3, WeightRole::output, 0, 1), TensorType::q6_k);
}

TEST(QuantMix, RowsThatAreNotWholeBlocksGetSmallerOnes) {
  const auto type_for = [](const char* name, std::uint64_t n_cols) {
    return type_of(QuantMix::find(name).value(), WeightRole::attn_q, 5, 30, n_cols);
  };
  EXPECT_EQ(type_for("q4_k_m", 576), TensorType::q5_0);
  EXPECT_EQ(type_for("q5_k_m", 576), TensorType::q5_1);
  EXPECT_EQ(type_for("q6_k", 576), TensorType::q8_0);
  EXPECT_EQ(type_for("q2_k", 576), TensorType::iq4_nl);
  EXPECT_EQ(type_for("q2_k", 100), TensorType::f16);
  EXPECT_EQ(type_for("f32", 100), TensorType::f32);
}

TEST(QuantMix, EveryNameIsFoundAndFitsEveryRow) {
  for (const std::string& name : QuantMix::names()) {
    const QuantMix mix = QuantMix::find(name).value();
    for (const std::uint64_t n_cols : {64u, 576u, 896u, 2048u}) {
      const TensorType type = type_of(mix, WeightRole::ffn_down, 0, 32, n_cols);
      EXPECT_EQ(n_cols % kernels::format_of(type).block_values, 0u) << name;
      EXPECT_NE(find_filler(type), nullptr) << name;
    }
  }
}

TEST(QuantMix, UnknownNameListsTheKnownOnes) {
  for (const char* name : {"q4_k_x", "", "i32", "q8_k"}) {
    const auto mix = QuantMix::find(name);
    ASSERT_FALSE(mix.has_value()) << name;
    EXPECT_EQ(mix.error().code, Errc::bad_input);
    EXPECT_EQ(mix.error().field, "quant");
    EXPECT_NE(mix.error().detail.find("q4_k_m"), std::string::npos);
  }
}

}  // namespace
}  // namespace quern::app

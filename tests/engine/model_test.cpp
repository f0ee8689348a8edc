// Loading a model: every key and tensor is checked, and an error names it with what was found and expected.
#include "engine/model.hpp"

#include "kernels/cpu/isa.hpp"
#include "tests/support/gguf_builder.hpp"

#include <functional>

#include <gtest/gtest.h>

namespace quern::engine {
namespace {

using kernels::TensorType;
using test::GgufBuilder;

// A llama of one layer: d_model 64, 4 heads of 16 with 2 KV heads, d_ff 96, 8 tokens. Each part may be left out or
// replaced.
struct TinyLlama {
  std::uint32_t d_model = 64, n_layers = 1, d_ff = 96, n_heads = 4, n_kv_heads = 2, n_vocab = 8, n_context = 128;
  float epsilon = 1e-5f;
  std::string architecture = "llama";
  std::string without;  // a key or tensor to leave out
  std::function<void(GgufBuilder&)> extra_keys;
  std::string reshaped;  // a tensor to give other dims
  std::vector<std::uint64_t> dims;
  TensorType norm_type = TensorType::f32;

  void key(GgufBuilder& b, const char* name, std::uint32_t value) const {
    if (without != name) b.key(name, value);
  }
  void tensor(GgufBuilder& b, const std::string& name, std::vector<std::uint64_t> shape,
              TensorType type = TensorType::f32) const {
    if (without == name) return;
    b.tensor(name, type, reshaped == name ? dims : shape);
  }
  std::vector<std::byte> build() const {
    GgufBuilder b;
    if (without != "general.architecture") b.key("general.architecture", std::string_view(architecture));
    key(b, "llama.block_count", n_layers);
    key(b, "llama.embedding_length", d_model);
    key(b, "llama.feed_forward_length", d_ff);
    key(b, "llama.context_length", n_context);
    key(b, "llama.attention.head_count", n_heads);
    key(b, "llama.attention.head_count_kv", n_kv_heads);
    key(b, "llama.vocab_size", n_vocab);
    if (without != "llama.attention.layer_norm_rms_epsilon") b.key("llama.attention.layer_norm_rms_epsilon", epsilon);
    if (extra_keys) extra_keys(b);
    const std::uint64_t kv = 32;
    tensor(b, "token_embd.weight", {64, 8});
    tensor(b, "output_norm.weight", {64}, norm_type);
    tensor(b, "blk.0.attn_norm.weight", {64});
    tensor(b, "blk.0.attn_q.weight", {64, 64});
    tensor(b, "blk.0.attn_k.weight", {64, kv});
    tensor(b, "blk.0.attn_v.weight", {64, kv});
    tensor(b, "blk.0.attn_output.weight", {64, 64});
    tensor(b, "blk.0.ffn_norm.weight", {64});
    tensor(b, "blk.0.ffn_gate.weight", {64, 96});
    tensor(b, "blk.0.ffn_up.weight", {64, 96});
    tensor(b, "blk.0.ffn_down.weight", {96, 64});
    return b.build();
  }
};

// The error of loading, or nothing.
std::optional<Error> load(const std::vector<std::byte>& image, std::uint64_t budget = 1u << 30) {
  auto file = gguf::GgufFile::parse(image, "tiny.gguf");
  if (!file) return file.error();
  ByteLedger ledger(budget);
  auto topology = kernels::read_topology({});
  auto pool = kernels::CorePool::create(*topology, {.n_workers = 1});
  auto tier = kernels::select_tier("scalar");
  auto model = Model::load(std::move(*file), *topology, **pool, **tier, ledger);
  if (model) return std::nullopt;
  return model.error();
}

struct Bad {
  const char* name;
  TinyLlama model;
  Errc code;
  std::vector<const char*> mentions;
};

void PrintTo(const Bad& bad, std::ostream* out) {
  *out << bad.name;
}

std::vector<Bad> bad_models() {
  const auto with = [](auto change) {
    TinyLlama m;
    change(m);
    return m;
  };
  const auto key = [&](auto add) { return with([&](TinyLlama& m) { m.extra_keys = add; }); };
  return {
      {"no_architecture",
       with([](auto& m) { m.without = "general.architecture"; }),
       Errc::not_found,
       {"general.architecture"}},
      {"unknown_architecture",
       with([](auto& m) { m.architecture = "frob"; }),
       Errc::unsupported,
       {"general.architecture", "frob", "supported: ", "llama"}},
      {"no_block_count",
       with([](auto& m) { m.without = "llama.block_count"; }),
       Errc::not_found,
       {"llama.block_count"}},
      {"no_layers", with([](auto& m) { m.n_layers = 0; }), Errc::corrupt, {"llama.block_count", "found 0"}},
      {"absurd_layers",
       with([](auto& m) { m.n_layers = 4'000'000'000u; }),
       Errc::corrupt,
       {"llama.block_count", "4000000000"}},
      {"absurd_width",
       with([](auto& m) { m.d_model = 4'000'000'000u; }),
       Errc::corrupt,
       {"llama.embedding_length", "4000000000"}},
      {"absurd_context", with([](auto& m) { m.n_context = 4'000'000'000u; }), Errc::corrupt, {"llama.context_length"}},
      {"no_heads", with([](auto& m) { m.n_heads = 0; }), Errc::corrupt, {"llama.attention.head_count", "found 0"}},
      {"uneven_kv_heads",
       with([](auto& m) { m.n_kv_heads = 3; }),
       Errc::corrupt,
       {"llama.attention.head_count_kv", "divisor", "found 3"}},
      {"more_heads_than_width",
       with([](auto& m) { m.n_heads = 128, m.n_kv_heads = 128; }),
       Errc::unsupported,
       {"head width"}},
      {"odd_rotation",
       key([](GgufBuilder& b) { b.key("llama.rope.dimension_count", std::uint32_t{15}); }),
       Errc::corrupt,
       {"llama.rope.dimension_count", "15"}},
      {"rotation_wider_than_head",
       key([](GgufBuilder& b) { b.key("llama.rope.dimension_count", std::uint32_t{32}); }),
       Errc::corrupt,
       {"llama.rope.dimension_count", "32"}},
      {"zero_base",
       key([](GgufBuilder& b) { b.key("llama.rope.freq_base", 0.0f); }),
       Errc::corrupt,
       {"llama.rope.freq_base"}},
      {"nan_epsilon",
       with([](auto& m) { m.epsilon = __builtin_nanf(""); }),
       Errc::corrupt,
       {"llama.attention.layer_norm_rms_epsilon"}},
      {"unknown_scaling",
       key([](GgufBuilder& b) { b.key("llama.rope.scaling.type", "spiral"); }),
       Errc::unsupported,
       {"llama.rope.scaling.type", "spiral", "yarn"}},
      {"wrong_type",
       key([](GgufBuilder& b) { b.key("llama.rope.scaling.type", std::uint32_t{3}); }),
       Errc::corrupt,
       {"llama.rope.scaling.type", "string"}},
      {"experts_unused",
       key([](GgufBuilder& b) { b.key("llama.expert_count", std::uint32_t{4}); }),
       Errc::corrupt,
       {"llama.expert_used_count"}},
      {"more_experts_used_than_there_are",
       key([](GgufBuilder& b) {
         b.key("llama.expert_count", std::uint32_t{4}).key("llama.expert_used_count", std::uint32_t{5});
       }),
       Errc::corrupt,
       {"llama.expert_used_count", "1 to 4", "found 5"}},
      {"experts_without_tensors",
       key([](GgufBuilder& b) {
         b.key("llama.expert_count", std::uint32_t{4}).key("llama.expert_used_count", std::uint32_t{2});
       }),
       Errc::corrupt,
       {"blk.0.ffn_gate_inp.weight", "missing"}},
      {"missing_tensor",
       with([](auto& m) { m.without = "blk.0.attn_k.weight"; }),
       Errc::corrupt,
       {"blk.0.attn_k.weight", "missing"}},
      {"missing_layer", with([](auto& m) { m.n_layers = 2; }), Errc::corrupt, {"blk.1.attn_norm.weight", "missing"}},
      {"swapped_shape",
       with([](auto& m) {
         m.reshaped = "blk.0.ffn_up.weight", m.dims = {96, 64};
       }),
       Errc::corrupt,
       {"blk.0.ffn_up.weight", "want shape [64, 96]", "found [96, 64]"}},
      {"short_norm",
       with([](auto& m) { m.reshaped = "blk.0.attn_norm.weight", m.dims = {32}; }),
       Errc::corrupt,
       {"blk.0.attn_norm.weight", "[64]", "[32]"}},
      {"vocabulary_too_small",
       with([](auto& m) { m.n_vocab = 9; }),
       Errc::corrupt,
       {"token_embd.weight", "[64, 9]", "[64, 8]"}},
      {"undecodable_type",
       with([](auto& m) { m.norm_type = TensorType::i32; }),
       Errc::unsupported,
       {"output_norm.weight", "i32"}},
  };
}

class BadModel : public testing::TestWithParam<Bad> {};

TEST_P(BadModel, IsRefusedWithTheNameOfWhatIsWrong) {
  const auto error = load(GetParam().model.build());
  ASSERT_TRUE(error.has_value()) << "it loaded";
  EXPECT_EQ(errc_name(error->code), std::string_view(errc_name(GetParam().code))) << error->detail;
  for (const char* word : GetParam().mentions) EXPECT_NE(error->detail.find(word), std::string::npos) << error->detail;
}

INSTANTIATE_TEST_SUITE_P(Defects, BadModel, testing::ValuesIn(bad_models()),
                         [](const auto& param) { return std::string(param.param.name); });

TEST(Model, TinyModelLoads) {
  const auto error = load(TinyLlama{}.build());
  EXPECT_FALSE(error.has_value()) << error->detail;
}

TEST(Model, WeightsBeyondTheBudgetAreRefused) {
  const auto error = load(TinyLlama{}.build(), 1000);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, Errc::overloaded);
  EXPECT_NE(error->detail.find("weights"), std::string::npos) << error->detail;
}

}  // namespace
}  // namespace quern::engine

// Paged attention of every tier against the scalar one, over shapes, masks and page sizes; bit-equality over splits of
// the tokens; no access to keys that a token must not see.
#include "kernels/kernel_table.hpp"
#include "tests/support/guarded_buffer.hpp"
#include "tests/support/kernel_data.hpp"
#include "tests/support/test_tiers.hpp"

#include <numeric>
#include <string>

#include <gtest/gtest.h>

namespace quern::test {
namespace {

using kernels::AttentionArgs;
using kernels::KernelTable;
using kernels::KvType;

struct Scene {
  std::size_t n_tokens = 3, n_heads = 4;
  std::uint32_t first_position = 40, page_tokens = 16, d_head_k = 64, d_head_v = 64;
  std::uint32_t window = 0;
  float softcap = 0;
  bool alibi = false, sinks = false;
  float score_scale = 1;  // how far apart the scores are
  kernels::WindowKind window_kind = kernels::WindowKind::before;
  bool causal = true;  // false: every token sees those behind it too
};

// One sequence in shuffled pages of guarded memory. Page p holds K at its start and V behind it.
class Sequence {
 public:
  Sequence(const Scene& scene, KvType type)
      : s_(scene),
        type_(type),
        n_keys_(scene.first_position + static_cast<std::uint32_t>(scene.n_tokens)),
        n_pages_((n_keys_ + scene.page_tokens - 1) / scene.page_tokens),
        k_bytes_(scene.page_tokens * kernels::kv_row_bytes(type, scene.d_head_k)),
        page_bytes_(k_bytes_ + scene.page_tokens * kernels::kv_row_bytes(type, scene.d_head_v)),
        arena_(n_pages_ * page_bytes_),
        q_(random_floats(scene.n_tokens * scene.n_heads * scene.d_head_k, 3)),
        slopes_(random_floats(scene.n_heads, 4, 0.2f)),
        sinks_(random_floats(scene.n_heads, 5)),
        table_(n_pages_) {
    std::iota(table_.begin(), table_.end(), 0u);
    std::shuffle(table_.begin(), table_.end(), std::mt19937(7));
    // What no token may see: signalling values everywhere first.
    std::memset(arena_.data(), 0xff, arena_.size());
    for (std::uint32_t key = 0; key < n_keys_; ++key) {
      store(key, 0, scene.d_head_k, random_floats(scene.d_head_k, 100 + key));
      store(key, k_bytes_, scene.d_head_v, random_floats(scene.d_head_v, 90000 + key));
    }
  }

  // A key that the window hides must not be read: set it to NaN.
  void poison_before(std::uint32_t key_end) {
    for (std::uint32_t key = 0; key < key_end; ++key) {
      store(key, 0, s_.d_head_k, std::vector<float>(s_.d_head_k, NAN));
      store(key, k_bytes_, s_.d_head_v, std::vector<float>(s_.d_head_v, NAN));
    }
  }
  void set_key(std::uint32_t key, float value) { store(key, 0, s_.d_head_k, std::vector<float>(s_.d_head_k, value)); }
  void set_query(std::size_t token, float value) {
    std::fill_n(q_.data() + token * s_.n_heads * s_.d_head_k, s_.n_heads * s_.d_head_k, value);
  }

  // Tokens [first, first + count) in one call.
  std::vector<float> run(const KernelTable& table, std::size_t first, std::size_t count) const {
    const std::size_t q_stride = s_.n_heads * s_.d_head_k, out_stride = s_.n_heads * s_.d_head_v;
    const GuardedBuffer<float> q(
        std::vector<float>(q_.begin() + static_cast<std::ptrdiff_t>(first * q_stride),
                           q_.begin() + static_cast<std::ptrdiff_t>((first + count) * q_stride)));
    const GuardedBuffer<float> out(count * out_stride);
    const GuardedBuffer<std::uint32_t> pages(table_);
    table.attention[static_cast<std::size_t>(type_)](
        {.q = q.data(),
         .q_token_stride = q_stride,
         .n_tokens = count,
         .n_heads = s_.n_heads,
         .first_position = s_.first_position + static_cast<std::uint32_t>(first),
         .k_base = arena_.data(),
         .v_base = arena_.data() + k_bytes_,
         .page_stride = page_bytes_,
         .page_table = pages.data(),
         .page_tokens = s_.page_tokens,
         .d_head_k = s_.d_head_k,
         .d_head_v = s_.d_head_v,
         .scale = s_.score_scale / std::sqrt(static_cast<float>(s_.d_head_k)),
         .softcap = s_.softcap,
         .window = s_.window,
         .window_kind = s_.window_kind,
         .n_keys = s_.causal ? 0 : n_keys_,
         .alibi_slopes = s_.alibi ? slopes_.data() : nullptr,
         .sinks = s_.sinks ? sinks_.data() : nullptr,
         .out = out.data(),
         .out_token_stride = out_stride});
    return out.copy();
  }
  std::vector<float> run_all(const KernelTable& table) const { return run(table, 0, s_.n_tokens); }

 private:
  void store(std::uint32_t key, std::size_t offset, std::uint32_t width, const std::vector<float>& values) {
    std::byte* at = arena_.data() + table_[key / s_.page_tokens] * page_bytes_ + offset +
                    key % s_.page_tokens * kernels::kv_row_bytes(type_, width);
    tiers_under_test().front().table->store_kv[static_cast<std::size_t>(type_)](values.data(), width, at);
  }

  Scene s_;
  KvType type_;
  std::uint32_t n_keys_;
  std::size_t n_pages_, k_bytes_, page_bytes_;
  GuardedBuffer<std::byte> arena_;
  std::vector<float> q_, slopes_, sinks_;
  std::vector<std::uint32_t> table_;
};

struct Case {
  TierUnderTest tier;
  KvType type;
};
std::vector<Case> all_cases() {
  std::vector<Case> out;
  for (const TierUnderTest& tier : tiers_under_test()) {
    for (const KvType type : {KvType::f16, KvType::f32, KvType::bf16, KvType::q8_0}) out.push_back({tier, type});
  }
  return out;
}
std::string case_name(const testing::TestParamInfo<Case>& info) {
  std::string name = std::string(info.param.tier.name) + "_" + kernels::kv_type_name(info.param.type);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

class Attention : public testing::TestWithParam<Case> {
 protected:
  const KernelTable& table() const { return *GetParam().tier.table; }
  // A score is a sum of d_head products (relative error sqrt(d) ulp of values of order sqrt(d)); its absolute error is
  // that of the weight. With scores up to 30 that is below 4e-6, and its square below 2e-11.
  void expect_agrees(const Scene& scene, const std::string& what) const {
    const Sequence sequence(scene, GetParam().type);
    const std::vector<float> want = sequence.run_all(*tiers_under_test().front().table);
    const std::vector<float> got = sequence.run_all(table());
    for (const float value : want) ASSERT_TRUE(std::isfinite(value)) << what;
    EXPECT_LT(nmse(got, want), 2e-11) << what;
  }
};

TEST_P(Attention, AgreesForEveryHeadSize) {
  for (const std::uint32_t d : {4u, 8u, 12u, 16u, 20u, 28u, 32u, 36u, 48u, 64u, 80u, 96u, 128u, 256u, 512u}) {
    expect_agrees({.d_head_k = d, .d_head_v = d}, "d_head " + std::to_string(d));
  }
  expect_agrees({.d_head_k = 192, .d_head_v = 128}, "192/128");
  expect_agrees({.d_head_k = 576, .d_head_v = 512}, "576/512");
  expect_agrees({.d_head_k = 20, .d_head_v = 44}, "20/44");
}

TEST_P(Attention, AgreesForEveryNumberOfHeadsAndTokens) {
  for (const std::size_t n_heads : {1u, 2u, 3u, 4u, 5u, 7u, 8u, 17u, 40u}) {
    for (const std::size_t n_tokens : {1u, 2u, 5u, 19u}) {
      expect_agrees({.n_tokens = n_tokens, .n_heads = n_heads, .d_head_k = 32, .d_head_v = 32},
                    std::to_string(n_heads) + " heads, " + std::to_string(n_tokens) + " tokens");
    }
  }
}

TEST_P(Attention, AgreesForEveryPageSizeAndPosition) {
  for (const std::uint32_t page_tokens : {1u, 2u, 8u, 16u, 32u, 64u}) {
    for (const std::uint32_t first : {0u, 1u, 15u, 31u, 32u, 63u, 100u}) {
      expect_agrees({.n_tokens = 4,
                     .n_heads = 3,
                     .first_position = first,
                     .page_tokens = page_tokens,
                     .d_head_k = 24,
                     .d_head_v = 24},
                    "page " + std::to_string(page_tokens) + ", position " + std::to_string(first));
    }
  }
}

TEST_P(Attention, AgreesWithMasksAndBiases) {
  for (const std::uint32_t window : {1u, 2u, 7u, 16u, 31u, 33u, 1000u}) {
    expect_agrees({.n_tokens = 9, .window = window}, "window " + std::to_string(window));
    expect_agrees({.n_tokens = 9, .window = window, .softcap = 5, .alibi = true, .sinks = true},
                  "all, window " + std::to_string(window));
  }
  expect_agrees({.softcap = 0.5f}, "softcap 0.5");
  expect_agrees({.softcap = 50, .score_scale = 20}, "softcap 50");
  expect_agrees({.alibi = true}, "alibi");
  expect_agrees({.sinks = true}, "sinks");
  expect_agrees({.score_scale = 10}, "sharp");
}

TEST_P(Attention, AgreesWithWindowsOfEveryKindToBothSides) {
  using enum kernels::WindowKind;
  for (const bool causal : {true, false}) {
    for (const kernels::WindowKind kind : {before, around, chunk}) {
      for (const std::uint32_t window : {0u, 1u, 2u, 7u, 16u, 33u, 100u, 0xffffffffu}) {
        for (const std::uint32_t first : {0u, 37u}) {
          expect_agrees({.n_tokens = 41,
                         .n_heads = 2,
                         .first_position = first,
                         .d_head_k = 16,
                         .d_head_v = 16,
                         .window = window,
                         .alibi = window == 7,
                         .window_kind = kind,
                         .causal = causal},
                        "kind " + std::to_string(static_cast<int>(kind)) + ", window " + std::to_string(window) +
                            (causal ? ", causal, first " : ", to both sides, first ") + std::to_string(first));
        }
      }
    }
  }
}

// A key that a token sees makes its answer NaN: so the keys that each token sees can be listed.
TEST_P(Attention, WindowsShowTheKeysTheySay) {
  struct View {
    kernels::WindowKind kind;
    bool causal;
    std::uint32_t position, first, last;  // of 24 positions, window 8
  };
  using enum kernels::WindowKind;
  for (const View& c : {View{before, true, 12, 5, 12},
                        {before, false, 12, 5, 23},
                        {around, true, 12, 8, 12},
                        {around, false, 12, 8, 16},
                        {around, false, 2, 0, 6},
                        {around, false, 22, 18, 23},
                        {chunk, true, 12, 8, 12},
                        {chunk, false, 12, 8, 15}}) {
    for (std::uint32_t key = 0; key < 24; ++key) {
      Sequence sequence({.n_tokens = 24,
                         .n_heads = 1,
                         .first_position = 0,
                         .d_head_k = 8,
                         .d_head_v = 8,
                         .window = 8,
                         .window_kind = c.kind,
                         .causal = c.causal},
                        GetParam().type);
      sequence.set_key(key, NAN);
      const std::vector<float> out = sequence.run(table(), c.position, 1);
      EXPECT_EQ(std::isnan(out[0]), key >= c.first && key <= c.last)
          << "kind " << static_cast<int>(c.kind) << ", position " << c.position << ", key " << key;
    }
  }
}

TEST_P(Attention, BitEqualForEverySplitOfTheTokens) {
  for (const std::uint32_t window : {0u, 21u}) {
    const Scene scene{.n_tokens = 23,
                      .n_heads = 3,
                      .first_position = 17,
                      .d_head_k = 36,
                      .d_head_v = 36,
                      .window = window,
                      .softcap = 30,
                      .alibi = true,
                      .sinks = true};
    const Sequence sequence(scene, GetParam().type);
    const std::vector<float> whole = sequence.run_all(table());
    const std::size_t row = scene.n_heads * scene.d_head_v;
    for (std::size_t count = 1; count <= scene.n_tokens; ++count) {
      for (std::size_t first = 0; first + count <= scene.n_tokens; first += 3) {
        const std::vector<float> part = sequence.run(table(), first, count);
        ASSERT_EQ(std::memcmp(part.data(), &whole[first * row], part.size() * sizeof(float)), 0)
            << "tokens " << first << " to " << first + count << ", window " << window;
      }
    }
  }
}

TEST_P(Attention, HiddenKeysAreNotRead) {
  const Scene scene{.n_tokens = 6, .first_position = 50, .window = 10};
  Sequence sequence(scene, GetParam().type);
  const std::vector<float> before = sequence.run_all(table());
  sequence.poison_before(50 - 10 + 1);
  const std::vector<float> after = sequence.run_all(table());
  EXPECT_EQ(std::memcmp(before.data(), after.data(), before.size() * sizeof(float)), 0);
}

TEST_P(Attention, NanReachesOnlyTheTokensThatSeeIt) {
  const Scene scene{.n_tokens = 4, .first_position = 30};
  Sequence sequence(scene, GetParam().type);
  sequence.set_key(32, NAN);  // tokens 2 and 3 see it
  const std::vector<float> out = sequence.run_all(table());
  const std::size_t row = scene.n_heads * scene.d_head_v;
  for (std::size_t i = 0; i < out.size(); ++i) ASSERT_EQ(std::isnan(out[i]), i / row >= 2) << i;
}

// Scores of -infinity for the first keys (an overflow) weigh nothing; if there is nothing else the result is NaN.
TEST_P(Attention, MinusInfinityWeighsNothing) {
  if (GetParam().type == KvType::q8_0) GTEST_SKIP() << "q8_0 has no infinity: it becomes NaN";
  const Scene scene{.n_tokens = 2, .n_heads = 2, .first_position = 70};
  Sequence sequence(scene, GetParam().type);
  for (std::size_t token = 0; token < 2; ++token) sequence.set_query(token, 1.0f);
  for (std::uint32_t key = 0; key < 64; ++key) sequence.set_key(key, -INFINITY);
  const std::vector<float> got = sequence.run_all(table());
  const std::vector<float> want = sequence.run_all(*tiers_under_test().front().table);
  for (const float value : want) ASSERT_TRUE(std::isfinite(value));
  EXPECT_LT(nmse(got, want), 2e-11);
}

INSTANTIATE_TEST_SUITE_P(Tiers, Attention, testing::ValuesIn(all_cases()), case_name);

}  // namespace
}  // namespace quern::test

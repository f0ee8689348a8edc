#include "kv/kv_config.hpp"

#include <gtest/gtest.h>

namespace quern::kv {
namespace {

TEST(KvConfig, BytesOfAnEightBillionModel) {
  constexpr KvConfig c{.n_layers = 32,
                       .n_kv_heads = 8,
                       .d_head_k = 128,
                       .d_head_v = 128,
                       .page_tokens = 32,
                       .n_pages = 1,
                       .type = kernels::KvType::f16};
  static_assert(c.head_k_bytes() == 32 * 128 * 2);
  static_assert(c.page_bytes() == std::size_t{4} << 20);  // 128 KiB per token
}

TEST(KvConfig, EightBitsTakeRoughlyHalfOfSixteen) {
  constexpr KvConfig c{.n_layers = 1,
                       .n_kv_heads = 1,
                       .d_head_k = 128,
                       .d_head_v = 36,
                       .page_tokens = 16,
                       .n_pages = 1,
                       .type = kernels::KvType::q8_0};
  static_assert(c.head_k_bytes() == 16 * 4 * 34);
  static_assert(c.head_v_bytes() == 16 * 2 * 34);  // the last block is filled up
}

TEST(PagesFor, RoundsUp) {
  EXPECT_EQ(pages_for(0, 32), 0u);
  EXPECT_EQ(pages_for(1, 32), 1u);
  EXPECT_EQ(pages_for(32, 32), 1u);
  EXPECT_EQ(pages_for(33, 32), 2u);
  EXPECT_EQ(pages_for(UINT32_MAX, 8), 1u << 29);  // no overflow on the way
}

}  // namespace
}  // namespace quern::kv

#include "kv/page_arena.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace quern::kv {
namespace {

constexpr KvConfig kSmall{.n_layers = 3,
                          .n_kv_heads = 2,
                          .d_head_k = 12,
                          .d_head_v = 8,
                          .page_tokens = 16,
                          .n_pages = 5,
                          .type = kernels::KvType::f16};

kernels::Topology machine(const std::string& description = "core:2 pu:1") {
  kernels::TopologySource source;
  source.synthetic = description;
  return kernels::read_topology(source).value();
}

TEST(PageArena, RunsOfPagesLayersAndHeadsTileTheMemory) {
  ByteLedger ledger(1 << 20);
  const auto arena = PageArena::create(kSmall, machine(), ledger).value();
  struct Run {
    std::byte* begin;
    std::size_t bytes;
  };
  std::vector<Run> runs;
  for (std::uint32_t page = 0; page < kSmall.n_pages; ++page) {
    for (std::uint32_t layer = 0; layer < kSmall.n_layers; ++layer) {
      for (std::uint32_t head = 0; head < kSmall.n_kv_heads; ++head) {
        runs.push_back({arena->k_base(layer, head) + page * arena->page_stride(), kSmall.head_k_bytes()});
        runs.push_back({arena->v_base(layer, head) + page * arena->page_stride(), kSmall.head_v_bytes()});
      }
    }
  }
  EXPECT_EQ(runs[0].bytes, 16u * 12 * 2);
  for (std::size_t i = 1; i < runs.size(); ++i) EXPECT_EQ(runs[i].begin, runs[i - 1].begin + runs[i - 1].bytes);
  EXPECT_EQ(runs.back().begin + runs.back().bytes, arena->k_base(0, 0) + kSmall.n_pages * kSmall.page_bytes());
  for (const Run& run : runs) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(run.begin) % 64, 0u);
    EXPECT_TRUE(std::all_of(run.begin, run.begin + run.bytes, [](std::byte b) { return b == std::byte{0}; }));
    std::memset(run.begin, 0x5a, run.bytes);
  }
}

TEST(PageArena, StatePagesTileTheirMemoryAndAreCounted) {
  KvConfig config = kSmall;
  config.n_state_layers = 2;
  config.state_values = 10;
  config.n_state_pages = 3;
  const std::uint64_t state_bytes = 3 * 2 * 10 * sizeof(float);
  ByteLedger ledger(1 << 20);
  const auto arena = PageArena::create(config, machine(), ledger).value();
  EXPECT_EQ(ledger.used(MemoryUse::kv_pages), config.n_pages * config.page_bytes() + state_bytes);
  for (PageId page = 0; page < 3; ++page) {
    for (std::uint32_t layer = 0; layer < 2; ++layer) {
      float* state = arena->state(page, layer);
      EXPECT_EQ(state, arena->state(0, 0) + (page * 2 + layer) * 10);
      EXPECT_TRUE(std::all_of(state, state + 10, [](float value) { return value == 0.0f; }));
      std::fill_n(state, 10, static_cast<float>(10 * page + layer));
    }
  }
  arena->copy_state(2, 0);
  EXPECT_EQ(arena->state(0, 0)[9], 20.0f);
  EXPECT_EQ(arena->state(0, 1)[0], 21.0f);
  EXPECT_EQ(arena->state(1, 0)[0], 10.0f) << "a neighbour";
  arena->poison_state(1);
  for (std::size_t i = 0; i < 20; ++i) EXPECT_NE(arena->state(1, 0)[i], arena->state(1, 0)[i]) << "not NaN";
  EXPECT_EQ(arena->state(2, 0)[0], 20.0f);
}

TEST(PageArena, StatePagesThatDoNotFitAreRefused) {
  KvConfig config = kSmall;
  config.n_state_layers = UINT32_MAX;
  config.state_values = UINT64_MAX / 2;
  config.n_state_pages = 3;
  ByteLedger ledger(1 << 20);
  const auto arena = PageArena::create(config, machine(), ledger);
  ASSERT_FALSE(arena.has_value());
  EXPECT_NE(arena.error().detail.find("state pages"), std::string::npos) << arena.error().detail;
}

TEST(PageArena, CountsItsBytesInTheLedger) {
  const std::uint64_t bytes = kSmall.n_pages * kSmall.page_bytes();
  ByteLedger ledger(bytes);
  {
    const auto arena = PageArena::create(kSmall, machine("numa:2 core:2 pu:1"), ledger).value();
    EXPECT_EQ(ledger.used(MemoryUse::kv_pages), bytes);
    const auto second = PageArena::create(kSmall, machine(), ledger);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::overloaded);
  }
  EXPECT_EQ(ledger.used(), 0u);
}

TEST(PageArena, PoisonFillsOnePageWithNans) {
  for (const kernels::KvType type : {kernels::KvType::f16, kernels::KvType::f32, kernels::KvType::bf16}) {
    KvConfig config = kSmall;
    config.type = type;
    ByteLedger ledger(1 << 20);
    const auto arena = PageArena::create(config, machine(), ledger).value();
    arena->poison(2);
    const std::byte* first = arena->k_base(0, 0);
    const std::size_t stride = arena->page_stride();
    const auto zero = [](std::byte b) { return b == std::byte{0}; };
    EXPECT_TRUE(std::all_of(first, first + 2 * stride, zero));
    EXPECT_TRUE(std::all_of(first + 3 * stride, first + 5 * stride, zero));
    const std::size_t value_bytes = kernels::kv_row_bytes(type, 1);
    for (const std::byte* p = first + 2 * stride; p < first + 3 * stride; p += value_bytes) {
      std::uint32_t bits = 0;
      std::memcpy(&bits, p, value_bytes);
      // Exponent all ones, quiet bit clear, mantissa not zero.
      const std::uint32_t exponent = type == kernels::KvType::f16    ? 0x7c00
                                     : type == kernels::KvType::bf16 ? 0x7f80
                                                                     : 0x7f800000;
      const std::uint32_t quiet = type == kernels::KvType::f16    ? 0x0200
                                  : type == kernels::KvType::bf16 ? 0x0040
                                                                  : 0x00400000;
      ASSERT_EQ(bits & exponent, exponent);
      ASSERT_EQ(bits & quiet, 0u);
      ASSERT_NE(bits & ~exponent, 0u);
    }
  }
}

TEST(PageArena, RefusesImpossibleGeometryByName) {
  struct Case {
    const char* field;
    std::function<void(KvConfig&)> spoil;
  };
  const Case cases[] = {
      {"kv.n_layers", [](KvConfig& c) { c.n_layers = 0; }},
      {"kv.n_kv_heads", [](KvConfig& c) { c.n_kv_heads = 0; }},
      {"kv.d_head_k", [](KvConfig& c) { c.d_head_k = 0; }},
      {"kv.d_head_k", [](KvConfig& c) { c.d_head_k = 6; }},
      {"kv.d_head_v", [](KvConfig& c) { c.d_head_v = 0; }},
      {"kv.d_head_v", [](KvConfig& c) { c.d_head_v = 9; }},
      {"kv.n_pages", [](KvConfig& c) { c.n_pages = 0; }},
      {"kv.n_pages", [](KvConfig& c) { c.n_pages = UINT32_MAX; }},  // slots would not fit into 32 bits
      {"kv.n_pages", [](KvConfig& c) { c.n_pages = (1u << 28); }},  // 2^28 * 16 = 2^32: one too many
      {"kv.page_tokens", [](KvConfig& c) { c.page_tokens = 0; }},
      {"kv.page_tokens", [](KvConfig& c) { c.page_tokens = 4; }},
      {"kv.page_tokens", [](KvConfig& c) { c.page_tokens = 24; }},
      {"kv.page_tokens", [](KvConfig& c) { c.page_tokens = 512; }},
      {"kv", [](KvConfig& c) { c.n_layers = c.n_kv_heads = UINT32_MAX; }},
      {"kv", [](KvConfig& c) { c.d_head_k = c.d_head_v = UINT32_MAX - 3, c.n_layers = UINT32_MAX; }},
  };
  for (const Case& each : cases) {
    KvConfig config = kSmall;
    each.spoil(config);
    ByteLedger ledger(UINT64_MAX);
    const auto arena = PageArena::create(config, machine(), ledger);
    ASSERT_FALSE(arena) << each.field;
    EXPECT_EQ(arena.error().code, Errc::bad_input);
    EXPECT_EQ(arena.error().field, each.field) << arena.error().detail;
    EXPECT_EQ(ledger.used(), 0u);
  }
}

TEST(PageArena, MemoryThatIsNotThereIsAnErrorAndGivesTheReservationBack) {
  KvConfig config = kSmall;
  config.n_pages = 1u << 27;
  config.n_layers = 1u << 16;
  ByteLedger ledger(UINT64_MAX);
  const auto arena = PageArena::create(config, machine(), ledger);
  ASSERT_FALSE(arena);
  EXPECT_EQ(arena.error().code, Errc::io);
  EXPECT_EQ(ledger.used(), 0u);
}

TEST(PageArenaDeathTest, AddressesOutsideAssert) {
  ByteLedger ledger(1 << 20);
  const auto arena = PageArena::create(kSmall, machine(), ledger).value();
  EXPECT_DEATH(arena->k_base(3, 0), "internal error");
  EXPECT_DEATH(arena->v_base(0, 2), "internal error");
  EXPECT_DEATH(arena->poison(5), "internal error");
}

}  // namespace
}  // namespace quern::kv

#include "kernels/cpu/isa.hpp"

#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

namespace quern::kernels {
namespace {

TEST(Isa, ScalarIsLastAndAlwaysSupported) {
  ASSERT_FALSE(tiers().empty());
  EXPECT_STREQ(tiers().back().isa, "scalar");
  EXPECT_TRUE(tiers().back().supported());
}

TEST(Isa, EveryTierCarriesItsNameAndEveryKernel) {
  for (const Tier& tier : tiers()) {
    if (!tier.supported()) continue;
    const KernelTable& table = tier.table();
    EXPECT_STREQ(table.isa, tier.isa);
    for (const auto attention : table.attention) EXPECT_NE(attention, nullptr);
    EXPECT_TRUE(table.rms_norm && table.rope_interleaved && table.rope_split && table.silu_mul && table.add &&
                table.add_scaled);
    for (const auto store : table.store_kv) EXPECT_NE(store, nullptr);
  }
}

TEST(Isa, EmptyNameGivesTheFirstSupportedTier) {
  const char* best = nullptr;
  for (const Tier& tier : tiers()) {
    if (best == nullptr && tier.supported()) best = tier.isa;
  }
  const auto table = select_tier("");
  ASSERT_TRUE(table);
  EXPECT_STREQ((*table)->isa, best);
}

TEST(Isa, ForcedTierIsTheOneOrAnError) {
  for (const Tier& tier : tiers()) {
    const auto table = select_tier(tier.isa);
    ASSERT_EQ(table.has_value(), tier.supported()) << tier.isa;
    if (table) {
      EXPECT_STREQ((*table)->isa, tier.isa);
    } else {
      EXPECT_EQ(table.error().code, Errc::unsupported);
      EXPECT_NE(table.error().detail.find(tier.isa), std::string::npos);
    }
  }
}

TEST(Isa, UnknownNameIsAnErrorThatListsTheKnownOnes) {
  for (const char* name : {"avx3", "AVX2", "scalar ", "avx512-emulated"}) {
    const auto table = select_tier(name);
    ASSERT_FALSE(table) << name;
    EXPECT_EQ(table.error().code, Errc::bad_input);
    EXPECT_NE(table.error().detail.find(name), std::string::npos);
    EXPECT_NE(table.error().detail.find("scalar"), std::string::npos);
  }
}

TEST(Isa, EnvironmentForcesTheTier) {
  ASSERT_EQ(::setenv("QUERN_FORCE_ISA", "scalar", 1), 0);
  const auto forced = select_tier_from_environment();
  ASSERT_EQ(::setenv("QUERN_FORCE_ISA", "nonsense", 1), 0);
  const auto unknown = select_tier_from_environment();
  ASSERT_EQ(::unsetenv("QUERN_FORCE_ISA"), 0);
  const auto best = select_tier_from_environment();
  ASSERT_TRUE(forced && best);
  EXPECT_STREQ((*forced)->isa, "scalar");
  EXPECT_EQ(unknown.error().code, Errc::bad_input);
  EXPECT_EQ(*best, select_tier("").value());
}

}  // namespace
}  // namespace quern::kernels

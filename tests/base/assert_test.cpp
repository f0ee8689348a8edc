#include "base/assert.hpp"

#include <gtest/gtest.h>

namespace quern {
namespace {

TEST(AssertDeathTest, NamesTheExpressionAndTheLine) {
  const int pages = 3;
  QUERN_ASSERT(pages == 3);
  EXPECT_DEATH(QUERN_ASSERT(pages == 4), "internal error: pages == 4 .*assert_test.cpp:");
}

TEST(Assert, EvaluatesItsExpressionOnce) {
  int calls = 0;
  QUERN_ASSERT(++calls == 1);
  EXPECT_EQ(calls, 1);
}

#ifdef NDEBUG
TEST(Dcheck, IsNotEvaluatedInReleaseBuilds) {
  [[maybe_unused]] int calls = 0;
  QUERN_DCHECK(++calls == 5);
  EXPECT_EQ(calls, 0);
}
#else
TEST(DcheckDeathTest, AssertsInDebugBuilds) {
  EXPECT_DEATH(QUERN_DCHECK(1 == 2), "1 == 2");
}
#endif

}  // namespace
}  // namespace quern

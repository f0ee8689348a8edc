// That the audit finds what it is for. All other tests of the engine loop run with it and show that it finds nothing.
#include "sched/page_audit.hpp"

#include "tests/sched/engine_harness.hpp"

#include <algorithm>
#include <memory>

#include <gtest/gtest.h>

namespace quern::sched {
namespace {

constexpr std::uint32_t kPageTokens = 4;

class PageAuditTest : public testing::Test {
 protected:
  std::unique_ptr<Sequence> sequence(std::vector<engine::TokenId> prompt, std::string salt = "") {
    auto generation = std::make_shared<Generation>();
    generation->id = ++last_id;
    generation->request = test::greedy_request(std::move(prompt), 4);
    generation->request.cache_salt = std::move(salt);
    generation->n_pages_needed = 4;
    return std::make_unique<Sequence>(std::move(generation), tenant, kPageTokens);
  }
  void take_pages(Sequence& s, std::uint32_t n_tokens) {
    ASSERT_TRUE(pool.reserve(s.pages.pages_missing(n_tokens)));
    s.pages.ensure(n_tokens, pool);
  }
  // Computes them, as a step does.
  void compute(Sequence& s, std::uint32_t n_tokens) {
    take_pages(s, s.n_computed() + n_tokens);
    EXPECT_TRUE(audit.check_step(s, n_tokens));
    s.advance(n_tokens);
  }
  static void expect_found(const Status& status, std::string_view what) {
    ASSERT_FALSE(status);
    EXPECT_NE(status.error().detail.find(what), std::string::npos) << status.error().detail;
  }
  void TearDown() override {
    for (Sequence* s : {a.get(), b.get()}) {
      if (s != nullptr) s->pages.release(pool);
    }
  }

  std::uint64_t last_id = 0;
  Tenants tenants{{}};
  Tenant& tenant = tenants.enter("");
  kv::PagePool pool{8};
  PageAudit audit{pool, kPageTokens};
  std::unique_ptr<Sequence> a, b;
};

TEST_F(PageAuditTest, OwnAndSharedHistoriesPass) {
  a = sequence({1, 2, 3, 4, 5, 6});
  b = sequence({1, 2, 3, 4, 9, 9});
  compute(*a, 6);
  b->pages.adopt(a->pages.pages()[0], pool);
  b->reset_computed(4);
  compute(*b, 2);
  EXPECT_TRUE(audit.check_step(*a, 0));
}

TEST_F(PageAuditTest, ForeignTokensAreFound) {
  a = sequence({1, 2, 3, 4, 5, 6});
  b = sequence({1, 2, 7, 4, 5, 6});  // one token differs, and with it all that follows
  compute(*a, 6);
  b->pages.adopt(a->pages.pages()[0], pool);
  b->reset_computed(4);
  take_pages(*b, 6);
  expect_found(audit.check_step(*b, 2), "request 2, position 2, page");
}

TEST_F(PageAuditTest, AnotherSaltIsFound) {
  a = sequence({1, 2, 3, 4, 5, 6}, "tenant a");
  b = sequence({1, 2, 3, 4, 5, 6}, "tenant b");
  compute(*a, 6);
  b->pages.adopt(a->pages.pages()[0], pool);
  b->reset_computed(4);
  take_pages(*b, 6);
  expect_found(audit.check_step(*b, 2), "position 0, page");
}

TEST_F(PageAuditTest, WritingASharedPageIsFound) {
  a = sequence({1, 2, 3, 4, 5, 6});
  b = sequence({1, 2, 3, 4, 5, 6});
  compute(*a, 3);
  b->pages.adopt(a->pages.pages()[0], pool);
  expect_found(audit.check_step(*a, 1), "shared");
}

TEST_F(PageAuditTest, FreedPagesHoldNothing) {
  a = sequence({1, 2, 3, 4, 5, 6});
  compute(*a, 6);
  audit.freed(a->pages.pages()[1]);
  expect_found(audit.check_step(*a, 0), "position 4, page");
}

TEST_F(PageAuditTest, CopiesTakeTheirHistoryAlong) {
  a = sequence({1, 2, 3, 4, 5, 6});
  b = sequence({1, 2, 3, 8, 8, 8});
  compute(*a, 6);
  take_pages(*b, 6);
  audit.copied(a->pages.pages()[0], b->pages.pages()[0]);
  b->reset_computed(3);
  compute(*b, 3);
}

}  // namespace
}  // namespace quern::sched

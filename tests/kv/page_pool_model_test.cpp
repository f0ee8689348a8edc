// Random operations on PagePool against a naive model that keeps plain lists: every state must agree after every step.
#include "kv/page_pool.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace quern::kv {
namespace {

struct Model {
  std::uint32_t n_pages;
  std::set<PageId> free;
  std::deque<PageId> retained;  // least recently used first
  std::map<PageId, std::uint32_t> refs;
  std::uint32_t reserved = 0, withheld = 0;  // of the free ones: which they are, nobody knows

  explicit Model(std::uint32_t n) : n_pages(n) {
    for (PageId page = 0; page < n; ++page) free.insert(page);
  }
  std::uint32_t available() const {
    return static_cast<std::uint32_t>(free.size() + retained.size()) - reserved - withheld;
  }
};

class PagePoolModel : public testing::TestWithParam<std::uint32_t> {
 protected:
  PagePoolModel() {
    pool_.on_evict = [this](PageId page) { evicted_.push_back(page); };
    pool_.on_free = [this](PageId page) { freed_.push_back(page); };
  }

  std::uint32_t random_below(std::size_t n) { return static_cast<std::uint32_t>(random_() % n); }
  PageId any_referenced() { return std::next(model_.refs.begin(), random_below(model_.refs.size()))->first; }

  void reserve() {
    const std::uint32_t n = random_below(random_below(2) == 0 ? 8 : model_.n_pages + 2);  // often too many
    const bool fits = n <= model_.available();
    ASSERT_EQ(pool_.reserve(n), fits);
    if (fits) model_.reserved += n;
  }
  void unreserve() {
    const std::uint32_t n = random_below(std::min(model_.reserved, 3u) + 1);
    pool_.unreserve(n);
    model_.reserved -= n;
  }
  void allocate() {
    if (model_.reserved == 0) return;
    const PageId page = pool_.allocate();
    if (model_.free.size() == model_.withheld) {
      ASSERT_EQ(page, model_.retained.front());
      model_.retained.pop_front();
      want_evicted_.push_back(page);
    } else {
      ASSERT_EQ(model_.free.erase(page), 1u) << page << " was not free";
    }
    --model_.reserved;
    ASSERT_TRUE(model_.refs.emplace(page, 1).second);
  }
  void add_ref() {
    if (model_.refs.empty()) return;
    const PageId page = any_referenced();
    pool_.add_ref(page);
    ++model_.refs[page];
  }
  void revive() {
    if (model_.retained.empty()) return;
    if (model_.available() == 0) {  // a sequence's own promise makes room, as in PageTable's use
      pool_.unreserve(1);
      --model_.reserved;
    }
    const auto it = model_.retained.begin() + random_below(model_.retained.size());
    pool_.add_ref(*it);
    model_.refs[*it] = 1;
    model_.retained.erase(it);
  }
  void release() {
    if (model_.refs.empty()) return;
    const PageId page = any_referenced();
    const bool keep = random_below(4) != 0;
    pool_.release(page, keep);
    if (--model_.refs[page] > 0) return;
    model_.refs.erase(page);
    if (keep) {
      model_.retained.push_back(page);
    } else {
      model_.free.insert(page);
      want_freed_.push_back(page);
    }
  }
  void discard() {
    if (model_.retained.empty() || random_below(4) != 0) return;
    const auto it = model_.retained.begin() + random_below(model_.retained.size());
    pool_.discard(*it);
    want_freed_.push_back(*it);
    model_.free.insert(*it);
    model_.retained.erase(it);
  }

  void withhold() {
    if (random_below(4) != 0) return;
    const std::uint32_t n = random_below(model_.available() + 1);
    pool_.withhold(n);
    model_.withheld += n;
    while (model_.free.size() < model_.withheld) {
      const PageId page = model_.retained.front();
      model_.retained.pop_front();
      model_.free.insert(page);
      want_evicted_.push_back(page);
      want_freed_.push_back(page);
    }
  }
  void offer() {
    const std::uint32_t n = random_below(model_.withheld + 1);
    pool_.offer(n);
    model_.withheld -= n;
  }

  // More allocations than reservations and releases: the pool is full, and evicts, most of the time.
  void random_step() {
    switch (random_below(13)) {
      case 11:
        return withhold();
      case 12:
        return offer();
      case 0:
        return reserve();
      case 1:
        return unreserve();
      case 2:
        return add_ref();
      case 3:
        return revive();
      case 4:
        return discard();
      case 5:
      case 6:
      case 7:
        return release();
      default:
        return allocate();
    }
  }

  void expect_same() const {
    ASSERT_EQ(pool_.n_free(), model_.free.size() - model_.withheld);
    ASSERT_EQ(pool_.n_withheld(), model_.withheld);
    ASSERT_EQ(pool_.n_retained(), model_.retained.size());
    ASSERT_EQ(pool_.n_referenced(), model_.refs.size());
    ASSERT_EQ(pool_.n_reserved(), model_.reserved);
    ASSERT_EQ(pool_.n_free() + pool_.n_retained() + pool_.n_referenced() + pool_.n_withheld(), model_.n_pages);
    ASSERT_LE(pool_.n_reserved(), pool_.n_free() + pool_.n_retained());
    ASSERT_EQ(evicted_, want_evicted_);
    ASSERT_EQ(freed_, want_freed_);
    for (PageId page = 0; page < model_.n_pages; ++page) {
      const auto it = model_.refs.find(page);
      ASSERT_EQ(pool_.ref_count(page), it == model_.refs.end() ? 0 : it->second);
      const bool retained = std::find(model_.retained.begin(), model_.retained.end(), page) != model_.retained.end();
      ASSERT_EQ(pool_.retained(page), retained);
      ASSERT_EQ(pool_.is_free(page), model_.free.contains(page));
    }
  }

  PagePool pool_{GetParam()};
  Model model_{GetParam()};
  std::mt19937 random_{GetParam()};
  std::vector<PageId> evicted_, want_evicted_, freed_, want_freed_;  // since the last comparison
};

TEST_P(PagePoolModel, AgreesAfterEveryStep) {
  std::size_t n_evicted = 0;
  for (int i = 0; i < 20'000; ++i) {
    ASSERT_NO_FATAL_FAILURE(random_step()) << "step " << i;
    ASSERT_NO_FATAL_FAILURE(expect_same()) << "step " << i;
    n_evicted += evicted_.size();
    for (auto* list : {&evicted_, &want_evicted_, &freed_, &want_freed_}) list->clear();
  }
  EXPECT_GT(n_evicted, 0u) << "the test never came to an eviction";
  while (!model_.refs.empty()) release();
  while (!model_.retained.empty()) discard();
  pool_.unreserve(pool_.n_reserved());
  pool_.offer(pool_.n_withheld());
  EXPECT_EQ(pool_.n_free(), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Sizes, PagePoolModel, testing::Values(1u, 2u, 7u, 40u));

}  // namespace
}  // namespace quern::kv

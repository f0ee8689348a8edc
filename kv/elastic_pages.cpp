#include "kv/elastic_pages.hpp"

#include <algorithm>
#include <exception>

namespace quern::kv {
namespace {

// Of the budget: what pages may make it full to where they are needed, the rest being for connections and requests; and
// where they would only spare kept ones.
constexpr std::uint64_t kNeededParts = 15, kSparingParts = 12, kAllParts = 16;

}  // namespace

ElasticPages::ElasticPages(PagePool& pool, PageArena& arena)
    : pool_(pool),
      arena_(arena),
      n_floor_(arena.n_backed()),
      n_extent_(static_cast<std::uint32_t>(
          std::clamp<std::uint64_t>(kExtentBytes / arena.config().page_bytes(), 1, pool.n_pages()))) {
  pool_.withhold(pool_.n_pages() - n_floor_);
}

void ElasticPages::grow_to_promise(std::uint32_t n, bool needed) noexcept {
  const std::uint32_t there = needed ? pool_.n_available() : std::min(pool_.n_available(), pool_.n_free());
  const std::uint32_t n_withheld = pool_.n_withheld();
  if (n <= there || n_withheld == 0) return;
  const std::uint32_t n_missing = std::min(n - there, n_withheld);
  const std::uint32_t n_more = std::min(std::max(n_missing, n_extent_), n_withheld);
  const std::uint64_t page_bytes = arena_.config().page_bytes();
  const ByteLedger& ledger = arena_.ledger();
  const std::uint64_t most = ledger.budget() / kAllParts * (needed ? kNeededParts : kSparingParts);
  const std::uint64_t room = most - std::min(most, ledger.used());
  for (const std::uint32_t pages : {n_more, n_missing}) {
    if (pages * page_bytes <= room && back(arena_.n_backed() + pages)) return pool_.offer(pages);
  }
  if (needed && on_short) on_short(n_missing * page_bytes);
}

void ElasticPages::shrink_as_asked() noexcept {
  if (asked_bytes_.load(std::memory_order_relaxed) == 0) return;
  const std::uint64_t page_bytes = arena_.config().page_bytes();
  const std::uint64_t asked = asked_bytes_.exchange(0, std::memory_order_relaxed);
  const std::uint64_t n_asked = asked / page_bytes + (asked % page_bytes != 0 ? 1 : 0);
  const std::uint32_t n_over = arena_.n_backed() - n_floor_;
  const auto n = static_cast<std::uint32_t>(std::min<std::uint64_t>({n_asked, n_over, pool_.n_available()}));
  if (n == 0) return;
  pool_.withhold(n);
  drop_free();
  back(arena_.n_backed() - n);
}

bool ElasticPages::back(std::uint32_t n_pages) noexcept {
  try {
    return arena_.back(n_pages).has_value();
  } catch (const std::exception&) {  // no memory for the words of the refusal
    return false;
  }
}

void ElasticPages::drop_free() noexcept {
  for (PageId page = 0; page < pool_.n_pages();) {
    const PageId first = page;
    while (page < pool_.n_pages() && pool_.is_free(page)) ++page;
    if (page > first) arena_.drop(first, page - first);
    if (page == first) ++page;
  }
}

}  // namespace quern::kv

// The merge step that SPM and BPE share: neighbouring symbols are joined, best rank first and leftmost among equals,
// until no pair can be joined. A doubly linked list plus a priority queue: O(n log n), also for a megabyte of one
// letter. Threads: one MergeList per thread; it is scratch space, reused from word to word. Limits: 2^31 - 1 symbols
// and bytes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace quern::engine {

struct Symbol {
  std::uint32_t begin = 0;  // byte offset in the word
  std::uint32_t size = 0;   // bytes; 0: joined into a symbol further left
  std::uint32_t id = 0;     // the caller's id of this text
  std::int32_t prev = -1, next = -1;
};

struct Merge {
  std::uint32_t rank = 0;  // lower ranks are joined first
  std::uint32_t id = 0;    // of the joined symbol
  bool found = false;
};

class MergeList {
 public:
  void clear() { symbols_.clear(); }

  void push_back(std::uint32_t begin, std::uint32_t size, std::uint32_t id) {
    const auto at = static_cast<std::int32_t>(symbols_.size());
    if (at > 0) symbols_.back().next = at;
    symbols_.push_back({begin, size, id, at - 1, -1});
  }

  // lookup(const Symbol& left, const Symbol& right) -> Merge
  template <class Lookup>
  void merge_all(const Lookup& lookup) {
    queue_.clear();
    for (std::int32_t i = 0; i + 1 < static_cast<std::int32_t>(symbols_.size()); ++i)
      if (const Candidate c = candidate(i, lookup); c.size > 0) queue_.push_back(c);
    std::make_heap(queue_.begin(), queue_.end(), later);
    while (!queue_.empty()) {
      std::pop_heap(queue_.begin(), queue_.end(), later);
      const Candidate best = queue_.back();
      queue_.pop_back();
      join(best, lookup);
    }
  }

  // visit(const Symbol&) for each symbol that is left, in order.
  template <class Visit>
  void for_each(const Visit& visit) const {
    for (std::int32_t i = symbols_.empty() ? -1 : 0; i >= 0; i = symbols_[static_cast<std::size_t>(i)].next)
      visit(symbols_[static_cast<std::size_t>(i)]);
  }

 private:
  struct Candidate {
    std::uint64_t order = 0;  // rank, then index of the left symbol
    std::uint32_t size = 0;   // bytes of the joined symbol; 0: none
    std::uint32_t id = 0;
  };

  static bool later(const Candidate& a, const Candidate& b) noexcept { return a.order > b.order; }
  Symbol& at(std::int32_t i) noexcept { return symbols_[static_cast<std::size_t>(i)]; }

  template <class Lookup>
  Candidate candidate(std::int32_t left, const Lookup& lookup) {
    const Symbol& a = at(left);
    const Symbol& b = at(a.next);
    const Merge merge = lookup(a, b);
    if (!merge.found) return {};
    return {(std::uint64_t{merge.rank} << 32) | static_cast<std::uint32_t>(left), a.size + b.size, merge.id};
  }

  template <class Lookup>
  void join(const Candidate& best, const Lookup& lookup) {
    const auto left = static_cast<std::int32_t>(best.order & 0xFFFFFFFFu);
    Symbol& a = at(left);
    // Symbols only grow or vanish, so a candidate is out of date exactly when its sizes no longer add up.
    if (a.size == 0 || a.next < 0 || a.size + at(a.next).size != best.size) return;
    Symbol& b = at(a.next);
    a.size = best.size;
    a.id = best.id;
    b.size = 0;
    a.next = b.next;
    if (a.next >= 0) at(a.next).prev = left;
    if (a.prev >= 0) push(candidate(a.prev, lookup));
    if (a.next >= 0) push(candidate(left, lookup));
  }

  void push(const Candidate& c) {
    if (c.size == 0) return;
    queue_.push_back(c);
    std::push_heap(queue_.begin(), queue_.end(), later);
  }

  std::vector<Symbol> symbols_;
  std::vector<Candidate> queue_;  // a heap
};

}  // namespace quern::engine

// Who runs: sequences with a place and pages. Places and pages go to the most urgent waiting sequence (WaitingLine).
// It is admitted with the pages that the prefix cache has of it, and a promise of those for the rest of its known
// tokens and some to grow into; when a sequence outgrows its promise and no page is left, the least urgent one is
// preempted: it gives its pages back (what the cache lists of them it will find again) and waits to compute its known
// tokens anew. Who has to leave for a waiting sequence is policy::AdmissionPolicy's to say. Nobody fails for want of
// pages: the most urgent sequence is never preempted, and alone it fits. Without `preempt`, pages for the whole length
// are promised at admission and nobody is preempted for them. Threads: engine thread. Nothing here throws but
// enqueue().
#pragma once

#include "base/clock.hpp"
#include "kv/elastic_pages.hpp"
#include "kv/page_pool.hpp"
#include "kv/prefix_cache.hpp"
#include "kv/state_checkpoints.hpp"
#include "sched/page_trust.hpp"
#include "sched/policy/admission.hpp"
#include "sched/policy/forecast.hpp"
#include "sched/scheduler.hpp"
#include "sched/stats.hpp"
#include "sched/tenants.hpp"
#include "sched/waiting_line.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace quern::sched {

struct CacheParts {  // all outlive the residents
  kv::PagePool& pool;
  kv::PrefixCache& cache;
  kv::StateCheckpoints& checkpoints;
  std::function<void(kv::PageId from, kv::PageId to)> copy_page;   // empty: parts of pages are not reused
  std::function<void(kv::PageId from, kv::PageId to)> copy_state;  // where there are checkpoints
  kv::ElasticPages* elastic = nullptr;                             // nullptr: all pages have memory for good
};

class Residents {
 public:
  Residents(CacheParts parts, Stats& stats, const SchedulerLimits& limits, std::size_t queue_capacity,
            std::uint32_t page_tokens);

  // May throw std::bad_alloc: nothing has changed then.
  void enqueue(std::shared_ptr<Generation> generation);
  // Gives places to those who wait, while there are some. on_admit(sequence, first time).
  template <class OnAdmit>
  void admit(TimePoint now, OnAdmit on_admit) noexcept {
    while (Sequence* sequence = admit_one(now)) on_admit(*sequence);
  }
  // Takes pages for positions [0, n_positions); false: the sequence itself was the least urgent and is preempted.
  bool grow(Sequence& sequence, std::uint32_t n_positions, TimePoint now) noexcept;
  // Whole pages that were listed since: a sequence that waits for others' work, or a neighbour of the same prompt.
  void catch_up(Sequence& sequence) noexcept;
  // Lists the pages that have become full, and keeps the state behind them where models have one.
  void list_pages(Sequence& sequence) noexcept;
  // A sound row of logits has read all its pages; a broken one has: what may be wrong leaves the prefix cache.
  void trust(Sequence& sequence) noexcept;
  void forget(const Sequence& sequence) noexcept;
  // Whether the next tokens to compute were computed as decodes before, and have to be again: see same_arithmetic.
  bool replays(const Sequence& sequence) const noexcept;
  // Tokens that the next step may compute of it, so that it ends where the state should be kept, or a role begins.
  std::uint32_t max_chunk(const Sequence& sequence) const noexcept;
  void charge_token(Sequence& sequence) noexcept;  // one more was drawn
  // Gives back what it holds, and removes it once remove_ended() is called. REQUIRES: it runs.
  void end(Sequence& sequence, TimePoint now) noexcept;
  void give_back_memory() noexcept {  // as was asked for
    if (parts_.elastic != nullptr) parts_.elastic->shrink_as_asked();
  }
  void remove_ended() noexcept;  // those in state finished or preempted leave running()
  // Its reader has fallen behind, or has made room again.
  void set_stuck(Sequence& sequence, bool stuck) noexcept;
  // The line as policy::forecast() plays it. May throw std::bad_alloc.
  policy::Lineup lineup(double typical_answer) const;

  const std::vector<std::unique_ptr<Sequence>>& running() const noexcept { return running_; }  // in order of admission
  WaitingLine& line() noexcept { return line_; }
  const WaitingLine& line() const noexcept { return line_; }
  bool keeps_state() const noexcept { return parts_.checkpoints.enabled(); }
  void leave(Sequence& sequence) noexcept;  // a waiting one that will not run

 private:
  Sequence* admit_one(TimePoint now) noexcept;
  void find_memory(const Sequence& sequence) noexcept;
  bool place(Sequence& sequence, bool by_age, bool only_by_preemption, TimePoint now) noexcept;
  std::uint32_t pages_to_promise(const Sequence& sequence) const noexcept;
  void take_pages(Sequence& sequence) noexcept;
  void find_pages(const Sequence& sequence) noexcept;
  void adopt_part(Sequence& sequence) noexcept;
  std::optional<std::span<const std::uint32_t>> plan(const Sequence& head) noexcept;
  Sequence* least_urgent() const noexcept;
  void charge(Sequence& sequence) noexcept;
  void refund(Sequence& sequence) noexcept;
  void preempt(Sequence& sequence, TimePoint now) noexcept;
  void give_back(Sequence& sequence) noexcept;
  bool may_list(const Sequence& sequence, std::uint32_t n_tokens) const noexcept;
  void keep_state(Sequence& sequence, kv::PageId page) noexcept;
  std::uint32_t checkpoint_behind(const Sequence& sequence, std::uint32_t position) const noexcept;
  std::uint32_t checkpoint_chunk(const Sequence& sequence) const noexcept;

  CacheParts parts_;
  Stats& stats_;
  const SchedulerLimits& limits_;
  const std::uint32_t page_tokens_;
  Tenants tenants_;
  WaitingLine line_;
  policy::AdmissionPolicy admission_;
  std::vector<policy::Holder> holders_;  // scratch of plan(): as running_
  std::vector<std::unique_ptr<Sequence>> running_;
  kv::PagePool states_;  // one state page per running sequence, whether the model uses it or not
  PageTrust trust_;
  std::vector<kv::PageId> found_;  // by find_pages(): pages of the sequence's beginning
  kv::ChainKey found_chain_ = 0;
  kv::PageId found_state_ = kv::kNoPage;
};

}  // namespace quern::sched

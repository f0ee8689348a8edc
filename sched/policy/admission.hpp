// Whether the head of the line gets a place now, and who has to leave for it. Nobody is preempted unless the head fits
// once the victims are gone, and no more are than it takes. Who may have to leave: policy/leaving.hpp.
// Threads: engine thread. Pure: scratch memory is all that a policy keeps. No allocation after construction.
#pragma once

#include "kv/page_pool.hpp"
#include "sched/policy/leaving.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace quern::sched::policy {

struct Holder {  // a running sequence
  Urgency urgency;
  std::uint32_t tenant_running = 0;  // sequences of its tenant that run
  double tenant_weight = 1;
  bool parked = false;
  bool kept = false;
  std::uint32_t n_reserved = 0;  // pages that it was promised and has not taken
  std::span<const kv::PageId> pages;
};

struct Demand {  // of the head
  Urgency urgency;
  std::uint32_t tenant_running = 0;
  double tenant_weight = 1;
  std::uint32_t n_new = 0;            // pages to promise
  std::span<const kv::PageId> found;  // pages of its beginning that the prefix cache has
};

class AdmissionPolicy {
 public:
  AdmissionPolicy(std::uint32_t max_running, std::uint32_t n_pages);

  // Indexes of those who have to leave, the first ones first; empty: there is room. nullopt: it has to wait.
  // Valid until the next call. may_preempt false: nobody leaves for anybody.
  std::optional<std::span<const std::uint32_t>> plan(const Demand& head, std::span<const Holder> running,
                                                     const kv::PagePool& pool, bool may_preempt);

 private:
  bool fits(const Demand& head, std::size_t n_running, const kv::PagePool& pool) const noexcept;
  void add(std::uint32_t index, const Holder& holder, const kv::PagePool& pool) noexcept;
  void remove(std::size_t position, const Holder& holder, const kv::PagePool& pool) noexcept;
  std::optional<std::uint32_t> worst(const Demand& head, std::span<const Holder> running) const noexcept;
  void reset(std::span<const Holder> running) noexcept;

  const std::uint32_t max_running_;
  std::vector<std::uint32_t> victims_;
  std::vector<std::uint32_t> refs_;  // [n_pages] references that victims hold
  std::uint32_t n_released_ = 0;     // pages that nobody but victims refers to, and what victims were promised
};

}  // namespace quern::sched::policy

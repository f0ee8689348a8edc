#include "sched/policy/admission.hpp"

#include <algorithm>

namespace quern::sched::policy {

AdmissionPolicy::AdmissionPolicy(std::uint32_t max_running, std::uint32_t n_pages)
    : max_running_(max_running), refs_(n_pages, 0) {
  victims_.reserve(max_running);
}

std::optional<std::span<const std::uint32_t>> AdmissionPolicy::plan(const Demand& head, std::span<const Holder> running,
                                                                    const kv::PagePool& pool, bool may_preempt) {
  victims_.clear();
  n_released_ = 0;
  while (!fits(head, running.size(), pool)) {
    const std::optional<std::uint32_t> victim = may_preempt ? worst(head, running) : std::nullopt;
    if (!victim) {
      reset(running);
      return std::nullopt;
    }
    add(*victim, running[*victim], pool);
  }
  // Somebody chosen early may not be needed any more; the most urgent victims are asked first.
  for (std::size_t i = victims_.size(); i-- > 0;) {
    const std::uint32_t index = victims_[i];
    remove(i, running[index], pool);
    if (!fits(head, running.size(), pool)) {
      add(index, running[index], pool);
      std::rotate(victims_.begin() + static_cast<std::ptrdiff_t>(i), victims_.end() - 1, victims_.end());
    }
  }
  reset(running);
  return std::span<const std::uint32_t>(victims_);
}

bool AdmissionPolicy::fits(const Demand& head, std::size_t n_running, const kv::PagePool& pool) const noexcept {
  if (n_running - victims_.size() >= max_running_) return false;
  // Found pages that nobody else refers to (any more) count against what can be promised.
  const auto n_revived = static_cast<std::uint32_t>(
      std::ranges::count_if(head.found, [&](kv::PageId page) { return refs_[page] == pool.ref_count(page); }));
  return head.n_new + n_revived <= pool.n_available() + n_released_;
}

void AdmissionPolicy::add(std::uint32_t index, const Holder& holder, const kv::PagePool& pool) noexcept {
  victims_.push_back(index);
  n_released_ += holder.n_reserved;
  for (const kv::PageId page : holder.pages) n_released_ += ++refs_[page] == pool.ref_count(page) ? 1u : 0u;
}

void AdmissionPolicy::remove(std::size_t position, const Holder& holder, const kv::PagePool& pool) noexcept {
  victims_.erase(victims_.begin() + static_cast<std::ptrdiff_t>(position));
  n_released_ -= holder.n_reserved;
  for (const kv::PageId page : holder.pages) n_released_ -= refs_[page]-- == pool.ref_count(page) ? 1u : 0u;
}

std::optional<std::uint32_t> AdmissionPolicy::worst(const Demand& head,
                                                    std::span<const Holder> running) const noexcept {
  const auto place = [&](const Holder& holder) {
    const auto taken = std::ranges::count_if(
        victims_, [&](std::uint32_t i) { return running[i].urgency.tenant == holder.urgency.tenant; });
    const double share = (holder.tenant_running - static_cast<double>(taken)) / holder.tenant_weight;
    return PlaceHolder{.urgency = holder.urgency, .share = share, .parked = holder.parked, .kept = holder.kept};
  };
  const PlaceHolder own{.urgency = head.urgency, .share = (head.tenant_running + 1) / head.tenant_weight};
  std::optional<std::uint32_t> out;
  for (std::uint32_t i = 0; i < running.size(); ++i) {
    if (std::ranges::find(victims_, i) != victims_.end() || !may_leave(place(running[i]), own)) continue;
    if (!out || leaves_before(place(running[i]), place(running[*out]))) out = i;
  }
  return out;
}

void AdmissionPolicy::reset(std::span<const Holder> running) noexcept {
  for (const Holder& holder : running) {
    for (const kv::PageId page : holder.pages) refs_[page] = 0;
  }
}

}  // namespace quern::sched::policy

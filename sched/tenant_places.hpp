// How many places of the queue each tenant holds, and whether it may take one more. While there are places, anybody may
// take them. When there are none, a tenant that holds less than its share (by weight, of those that hold any) may still
// submit: the engine then gives it the place of the newest request of whoever holds most (EngineLoop).
// Threads: enter() any, under a mutex that the engine never takes; leave() any.
#pragma once

#include "sched/tenants.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace quern::sched {

struct TenantPlaces {
  std::atomic<std::uint32_t> n{0};
  double weight = 1;

  void leave() noexcept { n.fetch_sub(1, std::memory_order_relaxed); }
};

// What the one is told that had to go for it. Without memory it is short.
std::string share_refusal(std::uint32_t n_requests) noexcept;

class PlaceTable {
 public:
  // capacity: places that all tenants have together.
  PlaceTable(std::uint32_t capacity, const std::vector<TenantWeight>& weights);

  // One more of the tenant's, which its leave() gives back; empty: it has none left. n_taken: places taken by all.
  // weight: the tenant's if it holds no place; 0: of the table. May throw std::bad_alloc.
  std::shared_ptr<TenantPlaces> enter(const std::string& tenant, std::uint32_t n_taken, double weight = 0);
  std::uint32_t capacity() const noexcept { return capacity_; }

 private:
  double weight_of(const std::string& tenant) const;
  void forget_empty();

  const std::uint32_t capacity_;
  std::map<std::string, double> weights_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<TenantPlaces>> places_;
};

}  // namespace quern::sched

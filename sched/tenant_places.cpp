#include "sched/tenant_places.hpp"

#include "sched/log_exception.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace quern::sched {

std::string share_refusal(std::uint32_t n_requests) noexcept {
  try {
    return fmt::format("the queue is full, and {} requests of this client hold more than its share of it", n_requests);
  } catch (...) {
    log_current_exception("a refusal in few words");
  }
  return "queue is full";  // fits into the string itself
}

PlaceTable::PlaceTable(std::uint32_t capacity, const std::vector<TenantWeight>& weights) : capacity_(capacity) {
  for (const TenantWeight& entry : weights) weights_.insert_or_assign(entry.tenant, entry.weight);
}

double PlaceTable::weight_of(const std::string& tenant) const {
  const auto it = weights_.find(tenant);
  return it == weights_.end() ? 1 : it->second;
}

void PlaceTable::forget_empty() {
  std::erase_if(places_, [](const auto& entry) { return entry.second->n.load(std::memory_order_relaxed) == 0; });
}

std::shared_ptr<TenantPlaces> PlaceTable::enter(const std::string& tenant, std::uint32_t n_taken, double weight) {
  const std::lock_guard lock(mutex_);
  const bool full = n_taken >= capacity_;
  if (full || places_.size() > capacity_) forget_empty();
  auto found = places_.find(tenant);
  if (found == places_.end()) {
    auto fresh = std::make_shared<TenantPlaces>();
    fresh->weight = weight_of(tenant);
    found = places_.emplace(tenant, std::move(fresh)).first;
  }
  const std::shared_ptr<TenantPlaces>& own = found->second;
  if (weight > 0 && own->n.load(std::memory_order_relaxed) == 0) own->weight = weight;
  if (full) {
    double weights = 0;
    for (const auto& [name, places] : places_) weights += places->weight;
    if (own->n.load(std::memory_order_relaxed) + 1 > capacity_ * own->weight / weights) return nullptr;
  }
  own->n.fetch_add(1, std::memory_order_relaxed);
  return own;
}

}  // namespace quern::sched

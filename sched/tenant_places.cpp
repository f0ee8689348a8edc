#include "sched/tenant_places.hpp"

#include <algorithm>

namespace quern::sched {

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
  std::shared_ptr<TenantPlaces>& own = places_[tenant];
  if (!own) {
    own = std::make_shared<TenantPlaces>();
    own->weight = weight_of(tenant);
  }
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

#include "sched/tenants.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace quern::sched {

Tenants::Tenants(std::vector<TenantWeight> weights) {
  for (TenantWeight& entry : weights) weights_.insert_or_assign(std::move(entry.tenant), entry.weight);
}

Tenant& Tenants::enter(const std::string& name, double weight_now) {
  if (const auto it = present_.find(name); it != present_.end()) {
    if (!it->second->active()) lift(*it->second);
    ++it->second->n_requests;
    return *it->second;
  }
  if (free_indexes_.empty()) {
    free_indexes_.reserve(std::size_t{n_indexes_} + 1);  // leave() must not allocate
    free_indexes_.push_back(n_indexes_++);
  }
  Map::iterator entry;
  if (auto departed = departed_.extract(name)) {
    entry = present_.insert(std::move(departed)).position;
  } else {
    auto tenant = std::make_unique<Tenant>();
    tenant->name = name;
    if (const auto weight = weights_.find(name); weight != weights_.end()) tenant->weight = weight->second;
    entry = present_.emplace(name, std::move(tenant)).first;
  }
  Tenant& tenant = *entry->second;
  if (weight_now > 0) tenant.weight = weight_now;
  tenant.index = free_indexes_.back();
  free_indexes_.pop_back();
  lift(tenant);
  ++tenant.n_requests;
  return tenant;
}

void Tenants::leave(Tenant& tenant) noexcept {
  QUERN_ASSERT(tenant.n_requests > 0);
  if (--tenant.n_requests > 0) return;
  QUERN_DCHECK(std::abs(tenant.ahead) < 1e-3);
  tenant.ahead = 0;
  free_indexes_.push_back(tenant.index);
  tenant.index = n_left_++;
  departed_.insert(present_.extract(tenant.name));
  // Nobody is here to whom somebody could owe anything.
  if (present_.empty()) departed_.clear();
  if (departed_.size() > kMaxDeparted) forget_oldest();
}

void Tenants::set_stuck(Tenant& tenant, bool stuck) noexcept {
  if (stuck) {
    ++tenant.n_stuck;
    return;
  }
  QUERN_ASSERT(tenant.n_stuck > 0);
  if (!tenant.active()) lift(tenant);
  --tenant.n_stuck;
}

void Tenants::lift(Tenant& tenant) noexcept {
  const Tenant* least = nullptr;
  for (const auto& [name, other] : present_) {
    if (other.get() == &tenant || !other->active()) continue;
    if (least == nullptr || other->received() < least->received()) least = other.get();
  }
  if (least != nullptr) tenant.served = std::max(tenant.served, least->received());
}

void Tenants::forget_oldest() noexcept {
  const auto age = [this](const auto& entry) { return n_left_ - entry.second->index; };
  departed_.erase(std::ranges::max_element(departed_, {}, age));
}

}  // namespace quern::sched

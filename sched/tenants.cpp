#include "sched/tenants.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <utility>

namespace quern::sched {

Tenants::Tenants(std::vector<TenantWeight> weights) {
  for (TenantWeight& entry : weights) weights_.insert_or_assign(std::move(entry.tenant), entry.weight);
}

Tenant& Tenants::enter(const std::string& name) {
  if (const auto it = present_.find(name); it != present_.end()) {
    ++it->second->n_requests;
    return *it->second;
  }
  auto tenant = std::make_unique<Tenant>();
  tenant->name = name;
  if (const auto weight = weights_.find(name); weight != weights_.end()) tenant->weight = weight->second;
  if (!present_.empty()) {
    const auto least = std::ranges::min_element(present_, {}, [](const auto& entry) { return entry.second->served; });
    tenant->served = least->second->served;
  }
  if (free_indexes_.empty()) {
    free_indexes_.reserve(std::size_t{n_indexes_} + 1);  // leave() must not allocate
    free_indexes_.push_back(n_indexes_++);
  }
  tenant->index = free_indexes_.back();
  Tenant& entered = *present_.emplace(name, std::move(tenant)).first->second;
  free_indexes_.pop_back();
  ++entered.n_requests;
  return entered;
}

void Tenants::leave(Tenant& tenant) noexcept {
  QUERN_ASSERT(tenant.n_requests > 0);
  if (--tenant.n_requests > 0) return;
  free_indexes_.push_back(tenant.index);
  present_.erase(present_.find(tenant.name));
}

}  // namespace quern::sched

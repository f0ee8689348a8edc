// Who shares the machine: one entry per API key (or user) that has requests here. Fairness is in tokens: each computed
// token is charged to its tenant, and who was served least, for its weight, goes first. A tenant that comes back starts
// at the level of the least served one present, so nobody saves up a right to block the others.
// Threads: engine thread. Source: virtual token counters, arXiv 2401.00588; a tenant's distance to the most served one
// is its deficit.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace quern::sched {

struct TenantWeight {
  std::string tenant;
  double weight = 1;
};

struct Tenant {
  std::string name;
  double weight = 1;
  double served = 0;        // tokens / weight
  std::uint32_t index = 0;  // among those present: dense, for the batcher
  std::uint32_t n_requests = 0;
  std::uint32_t n_running = 0;

  void charge(std::uint32_t n_tokens) noexcept { served += n_tokens / weight; }
  double share() const noexcept { return n_running / weight; }  // of the running places
};

class Tenants {
 public:
  explicit Tenants(std::vector<TenantWeight> weights);

  // Counts one more request. May throw std::bad_alloc. The entry stays until as many leave().
  Tenant& enter(const std::string& name);
  void leave(Tenant& tenant) noexcept;
  std::size_t size() const noexcept { return present_.size(); }

 private:
  std::map<std::string, double> weights_;
  std::map<std::string, std::unique_ptr<Tenant>> present_;
  std::vector<std::uint32_t> free_indexes_;
  std::uint32_t n_indexes_ = 0;
};

}  // namespace quern::sched

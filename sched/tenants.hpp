// Who shares the machine: one entry per API key (or user) that has requests here. Fairness is in tokens: each computed
// token is charged to its tenant, and who was served least, for its weight, goes first. A tenant that comes, or whose
// readers read again, starts at the level of the least served active one at least, so nobody saves up a right to block
// the others; and one that left while others were served keeps its level, so that leaving pays no debt.
// Threads: engine thread. Limits: the levels of kMaxDeparted tenants that have left are remembered, while anybody is
// here. Source: virtual token counters, arXiv 2401.00588.
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
  double served = 0;        // tokens / weight; a prompt counts from when it is given a place
  double ahead = 0;         // of served: what has not been computed yet
  std::uint32_t index = 0;  // among those present: dense, for the batcher
  std::uint32_t n_requests = 0;
  std::uint32_t n_running = 0;
  std::uint32_t n_stuck = 0;  // of n_requests: whose readers do not read

  bool active() const noexcept { return n_requests > n_stuck; }
  double received() const noexcept { return served - ahead; }
  void charge(std::uint32_t n_tokens) noexcept { served += n_tokens / weight; }
  void refund(std::uint32_t n_tokens) noexcept { served -= n_tokens / weight; }
};

class Tenants {
 public:
  static constexpr std::size_t kMaxDeparted = 1024;

  explicit Tenants(std::vector<TenantWeight> weights);

  // Counts one more request. May throw std::bad_alloc. The entry stays until as many leave(). A weight above 0 becomes
  // the tenant's if it has no request here.
  Tenant& enter(const std::string& name, double weight = 0);
  void leave(Tenant& tenant) noexcept;
  // One of its requests can go on no more, or again. Its level rises to that of the least served active one.
  void set_stuck(Tenant& tenant, bool stuck) noexcept;
  std::size_t size() const noexcept { return present_.size(); }
  std::uint32_t n_indexes() const noexcept { return n_indexes_; }  // above every Tenant::index

 private:
  using Map = std::map<std::string, std::unique_ptr<Tenant>>;

  void lift(Tenant& tenant) noexcept;
  void forget_oldest() noexcept;

  std::map<std::string, double> weights_;
  Map present_;
  Map departed_;  // index: when they left
  std::vector<std::uint32_t> free_indexes_;
  std::uint32_t n_indexes_ = 0;
  std::uint32_t n_left_ = 0;
};

}  // namespace quern::sched

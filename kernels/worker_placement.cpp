#include "kernels/worker_placement.hpp"

#include <algorithm>
#include <cstddef>
#include <set>

namespace quern::kernels {
namespace {

using CoreIndex = std::uint32_t;

CoreUse use_of(std::span<const CoreUse> uses, CoreIndex core) {
  return uses.empty() ? CoreUse::free : uses[core];
}

// Performance cores alone, when they suffice.
std::vector<CoreIndex> candidates(const Topology& topology, std::uint32_t n_workers) {
  const auto n_performance = static_cast<std::size_t>(
      std::count_if(topology.cores.begin(), topology.cores.end(), [](const Core& c) { return !c.efficiency; }));
  const bool use_all = n_workers > n_performance;
  std::vector<CoreIndex> out;
  for (CoreIndex core = 0; core < topology.cores.size(); ++core) {
    if (use_all || !topology.cores[core].efficiency) out.push_back(core);
  }
  return out;
}

// Cores that n_workers workers may take, per node, those of least use first.
std::vector<std::vector<CoreIndex>> cores_by_node(const Topology& topology, std::uint32_t n_workers,
                                                  std::span<const CoreUse> uses) {
  std::vector<std::vector<CoreIndex>> cores(std::max<std::size_t>(1, topology.nodes.size()));
  for (const CoreIndex core : candidates(topology, n_workers)) {
    cores[std::min<std::size_t>(topology.cores[core].node, cores.size() - 1)].push_back(core);
  }
  for (std::vector<CoreIndex>& of_node : cores) {
    std::ranges::stable_sort(of_node, {}, [uses](CoreIndex core) { return use_of(uses, core); });
  }
  return cores;
}

// Of each core, the load of its busiest hardware thread: siblings share the units that compute.
std::vector<CoreUse> uses_by_load(const Topology& topology, const std::vector<double>& load) {
  std::vector<CoreUse> uses(topology.cores.size(), CoreUse::free);
  const auto is_busy = [&load](std::uint32_t cpu) { return cpu < load.size() && load[cpu] > kBusyLoad; };
  for (CoreIndex core = 0; core < uses.size(); ++core) {
    const Core& c = topology.cores[core];
    if (is_busy(c.os_cpu) || std::ranges::any_of(c.siblings, is_busy)) uses[core] = CoreUse::busy;
  }
  return uses;
}

std::vector<std::uint32_t> cpus_of(const Topology& topology, const std::vector<CoreUse>& uses, CoreUse use) {
  std::vector<std::uint32_t> out;
  for (CoreIndex core = 0; core < uses.size(); ++core) {
    if (uses[core] == use) out.push_back(topology.cores[core].os_cpu);
  }
  return out;
}

}  // namespace

std::vector<WorkerPlace> place_workers(const Topology& topology, std::uint32_t n_workers,
                                       std::span<const CoreUse> uses) {
  const std::vector<std::vector<CoreIndex>> cores = cores_by_node(topology, n_workers, uses);
  const auto n_nodes = static_cast<std::uint32_t>(cores.size());
  const bool enough_cores = n_workers <= topology.cores.size();
  std::vector<std::uint32_t> share(n_nodes, 0);
  const auto next_use = [&](std::uint32_t node) {
    return share[node] < cores[node].size() ? use_of(uses, cores[node][share[node]]) : CoreUse::taken;
  };
  for (std::uint32_t placed = 0; placed < n_workers; ++placed) {
    // To the node whose next core is of least use; of several, to the one with fewest workers.
    std::uint32_t best = n_nodes;
    for (std::uint32_t node = 0; node < n_nodes; ++node) {
      if (enough_cores && share[node] >= cores[node].size()) continue;
      const bool better = best == n_nodes || next_use(node) < next_use(best) ||
                          (next_use(node) == next_use(best) && share[node] < share[best]);
      if (better) best = node;
    }
    ++share[best];
  }
  std::vector<WorkerPlace> places;
  places.reserve(n_workers);
  for (std::uint32_t node = 0; node < n_nodes; ++node) {
    for (std::uint32_t i = 0; i < share[node]; ++i) {
      places.push_back({enough_cores ? topology.cores[cores[node][i]].os_cpu : kNoCpu, node});
    }
  }
  return places;
}

WorkerChoice choose_places(const Topology& topology, std::uint32_t n_workers, const CoreWatch& watch) {
  WorkerChoice out;
  out.places = place_workers(topology, n_workers);
  if (n_workers > topology.cores.size()) return out;
  const bool choice = n_workers < candidates(topology, n_workers).size();
  std::vector<CoreUse> uses = uses_by_load(topology, choice ? watch.load() : std::vector<double>{});
  out.busy = cpus_of(topology, uses, CoreUse::busy);
  std::set<std::uint32_t> claimed;
  // Each turn finds at least one more core that is taken, or is the last.
  for (bool again = true; again;) {
    again = false;
    out.places = place_workers(topology, n_workers, uses);
    out.shared = false;
    for (const WorkerPlace& place : out.places) {
      if (claimed.contains(place.os_cpu)) continue;
      const auto core = std::ranges::find(topology.cores, place.os_cpu, &Core::os_cpu) - topology.cores.begin();
      CoreUse& use = uses[static_cast<std::size_t>(core)];
      out.shared = out.shared || use == CoreUse::taken;
      if (use == CoreUse::taken) continue;
      if (watch.claim(place.os_cpu)) {
        claimed.insert(place.os_cpu);
      } else {
        use = CoreUse::taken;
        again = true;
      }
    }
  }
  out.taken = cpus_of(topology, uses, CoreUse::taken);
  for (WorkerPlace& place : out.places) {
    if (out.shared) place.os_cpu = kNoCpu;
    claimed.erase(place.os_cpu);
  }
  for (const std::uint32_t cpu : claimed) watch.disclaim(cpu);
  return out;
}

}  // namespace quern::kernels

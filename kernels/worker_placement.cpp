#include "kernels/worker_placement.hpp"

#include <algorithm>
#include <cstddef>

namespace quern::kernels {
namespace {

// Cores that n_workers workers may take, per node: performance cores alone when they suffice.
std::vector<std::vector<std::uint32_t>> cores_by_node(const Topology& topology, std::uint32_t n_workers) {
  const auto n_performance = static_cast<std::size_t>(
      std::count_if(topology.cores.begin(), topology.cores.end(), [](const Core& c) { return !c.efficiency; }));
  const bool use_all = n_workers > n_performance;
  std::vector<std::vector<std::uint32_t>> cpus(std::max<std::size_t>(1, topology.nodes.size()));
  for (const Core& core : topology.cores) {
    if (use_all || !core.efficiency) cpus[std::min<std::size_t>(core.node, cpus.size() - 1)].push_back(core.os_cpu);
  }
  return cpus;
}

}  // namespace

std::vector<WorkerPlace> place_workers(const Topology& topology, std::uint32_t n_workers) {
  const std::vector<std::vector<std::uint32_t>> cpus = cores_by_node(topology, n_workers);
  const auto n_nodes = static_cast<std::uint32_t>(cpus.size());
  const bool enough_cores = n_workers <= topology.cores.size();
  std::vector<std::uint32_t> share(n_nodes, 0);
  for (std::uint32_t placed = 0; placed < n_workers; ++placed) {  // to the least loaded node that has a core left
    std::uint32_t best = n_nodes;
    for (std::uint32_t node = 0; node < n_nodes; ++node) {
      const bool has_room = !enough_cores || share[node] < cpus[node].size();
      if (has_room && (best == n_nodes || share[node] < share[best])) best = node;
    }
    ++share[best];
  }
  std::vector<WorkerPlace> places;
  places.reserve(n_workers);
  for (std::uint32_t node = 0; node < n_nodes; ++node) {
    for (std::uint32_t i = 0; i < share[node]; ++i) places.push_back({enough_cores ? cpus[node][i] : kNoCpu, node});
  }
  return places;
}

}  // namespace quern::kernels

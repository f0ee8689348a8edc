// Which core and node each compute worker gets. A pure function of the topology, so tests try machines we do not own.
#pragma once

#include "kernels/topology.hpp"

#include <cstdint>
#include <vector>

namespace quern::kernels {

inline constexpr std::uint32_t kNoCpu = UINT32_MAX;

struct WorkerPlace {
  std::uint32_t os_cpu;  // kNoCpu: leave it to the operating system (more workers than cores)
  std::uint32_t node;    // index into Topology::nodes; 0 where the topology has none
};

// Workers of one node have neighbouring ids. They are spread evenly over the nodes, because decode is limited by memory
// bandwidth and every node brings its own; within a node they take its cores in Topology order. Efficiency cores are
// used only when there are more workers than performance cores.
std::vector<WorkerPlace> place_workers(const Topology& topology, std::uint32_t n_workers);

}  // namespace quern::kernels

// Which core and node each compute worker gets. Pure functions of the topology and of what is known about its cores, so
// that tests try machines we do not own.
#pragma once

#include "kernels/topology.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace quern::kernels {

inline constexpr std::uint32_t kNoCpu = UINT32_MAX;

struct WorkerPlace {
  std::uint32_t os_cpu;  // kNoCpu: leave it to the operating system (more workers than cores)
  std::uint32_t node;    // index into Topology::nodes; 0 where the topology has none
};

enum class CoreUse : std::uint8_t { free, busy, taken };  // the less, the better

// Workers of one node have neighbouring ids. They are spread evenly over the nodes, because decode is limited by memory
// bandwidth and every node brings its own; within a node they take its cores in Topology order. Efficiency cores are
// used only when there are more workers than performance cores.
// uses: [cores] or empty (all free). Free cores come first, even where that is less even.
std::vector<WorkerPlace> place_workers(const Topology& topology, std::uint32_t n_workers,
                                       std::span<const CoreUse> uses = {});

// What is asked about cores before workers are bound to them.
struct CoreWatch {
  std::function<std::vector<double>()> load;           // by os_cpu, 0 to 1; may be shorter than there are CPUs
  std::function<bool(std::uint32_t os_cpu)> claim;     // false: another process has bound a worker to it
  std::function<void(std::uint32_t os_cpu)> disclaim;  // one that was claimed and is not used after all
};

// A core that is busy for a larger part of its time is not free.
inline constexpr double kBusyLoad = 0.5;

struct WorkerChoice {
  std::vector<WorkerPlace> places;
  std::vector<std::uint32_t> busy, taken;  // CPUs that were passed over for this, or chosen in spite of it
  bool shared = false;                     // too few cores without other workers: nobody is bound, nothing claimed
};

// Places on free cores, all of them claimed. The load, which takes a while to measure, is asked for only where there is
// a choice.
WorkerChoice choose_places(const Topology& topology, std::uint32_t n_workers, const CoreWatch& watch);

}  // namespace quern::kernels

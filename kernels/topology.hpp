// The machine as plain structs, read through hwloc: cores this process may use, their NUMA nodes, and the CPU quota.
// hwloc appears only in topology.cpp and numa_buffer.cpp. HWLOC_SYNTHETIC (or `synthetic` here) describes a made-up
// machine for tests: the affinity mask then means nothing, and nothing can be bound.
// Threads: values; read_topology() reports the affinity mask of the thread that calls it.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace quern::kernels {

struct Core {
  std::uint32_t os_cpu;                      // first hardware thread of the core that the affinity mask allows
  std::uint32_t node;                        // index into Topology::nodes
  bool efficiency;                           // an E core of a hybrid CPU
  std::vector<std::uint32_t> siblings = {};  // all its hardware threads, also those that the mask forbids
};

struct NumaNode {
  std::uint32_t os_node;
  std::uint64_t memory_bytes;        // 0: unknown
  std::vector<std::uint32_t> cores;  // indexes into Topology::cores
};

struct Topology {
  std::vector<Core> cores;                   // allowed physical cores: performance cores first, then by node and index
  std::vector<NumaNode> nodes;               // nodes that have at least one allowed core
  double cpu_quota = 0;                      // CPUs' worth of time the cgroup (v1 or v2) allows; 0: no limit
  std::uint64_t l2_bytes = 0, l3_bytes = 0;  // per cache; 0: unknown
  bool bindable = true;                      // false for synthetic topologies

  // How many compute workers to start by default: performance cores, capped by the quota (rounded down, at least 1).
  std::uint32_t default_workers() const noexcept;
};

struct TopologySource {
  std::string
      synthetic;  // hwloc synthetic description, e.g. "numa:2 core:4 pu:2"; empty: $HWLOC_SYNTHETIC or the machine
  std::string xml_path;  // a machine written down by `lstopo file.xml`: for tests and for machines in bug reports
  std::string cgroup_root = "/sys/fs/cgroup";  // tests point these two at a directory they made
  std::string proc_self_cgroup = "/proc/self/cgroup";
  bool use_affinity = true;  // honour sched_getaffinity
};

// Errors: bad_input (malformed description or file, named), unsupported (no usable CPU), io (hwloc fails).
Result<Topology> read_topology(const TopologySource& source = {});

}  // namespace quern::kernels

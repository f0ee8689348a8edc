// What the control groups (v1 and v2) of this process allow. Files that are missing or make no sense mean "no limit":
// a strange container must not keep the server from starting. Each such file is named in a debug log line.
// Limits hold at every level, so each is the smallest from the process's own group up to the mounted root.
// Threads: any. Source: Linux Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/{memory.rst, sched-bwc.rst}.
#pragma once

#include <cstdint>
#include <string>

namespace quern {

struct CgroupSource {  // tests point these at files they made
  std::string root = "/sys/fs/cgroup";
  std::string proc_self_cgroup = "/proc/self/cgroup";
};

// CPUs' worth of time per second: 1.5 for "150000 100000". 0: no limit.
double cgroup_cpu_quota(const CgroupSource& source = {});

// Bytes; v2's memory.high counts too, as a process held above it is slowed to a halt. UINT64_MAX: no limit.
std::uint64_t cgroup_memory_limit(const CgroupSource& source = {});

// Bytes that the group and its parents can still grow by: their limit less what they use and cannot drop. Page cache of
// files (memory.stat) can be dropped and does not count as used. UINT64_MAX: no limit.
std::uint64_t cgroup_memory_left(const CgroupSource& source = {});

}  // namespace quern

// How much memory this process may take without pushing out what others on the machine use, and the default budget that
// follows from it. Threads: any; reads /proc and the cgroup files each time.
#pragma once

#include "base/cgroup.hpp"

#include <cstdint>
#include <string>

namespace quern {

struct MemorySource {  // tests point these at files they made
  std::string meminfo = "/proc/meminfo";
  CgroupSource cgroup;
};

struct MachineMemory {
  std::uint64_t physical = 0;
  // What can be had without swapping (MemAvailable): free memory and what the kernel can drop, page cache for the most
  // part. Where the kernel does not say: physical.
  std::uint64_t available = 0;
  std::uint64_t cgroup_limit = UINT64_MAX;  // UINT64_MAX: none
  std::uint64_t cgroup_left = UINT64_MAX;   // of it, see cgroup_memory_left()

  std::uint64_t usable() const noexcept;  // the smaller of available and cgroup_left
  std::string describe() const;           // for logs and errors
};

MachineMemory read_machine_memory(const MemorySource& source = {});

// 90% of usable memory, and `already_held` on top.
//
// A model file's pages are the budget's first use, and the budget counts all of them as needed. Those of them that are
// in the page cache already are clean, so the kernel also counts them as available: each stands once on either side,
// and a budget is the same whether the file was read before or not. The exception are files on tmpfs, ramfs or
// hugetlbfs: their pages are memory that is taken and cannot be dropped, so they are not in `available`, though mapping
// them takes nothing more. The caller gives their size as already_held.
std::uint64_t default_memory_budget(const MachineMemory& memory, std::uint64_t already_held) noexcept;

// The size of a file that lives in memory (see above) and not on a disk; 0 for others and for what is not there.
std::uint64_t bytes_held_in_memory(const std::string& path);

}  // namespace quern

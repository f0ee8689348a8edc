#include "kernels/topology.hpp"

#include "base/cgroup.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include <hwloc.h>

namespace quern::kernels {
namespace {

struct FreeTopology {
  void operator()(hwloc_topology_t t) const noexcept { hwloc_topology_destroy(t); }
};
struct FreeBitmap {
  void operator()(hwloc_bitmap_t b) const noexcept { hwloc_bitmap_free(b); }
};
using TopologyHandle = std::unique_ptr<hwloc_topology, FreeTopology>;
using Bitmap = std::unique_ptr<hwloc_bitmap_s, FreeBitmap>;

struct Source {
  TopologyHandle hwloc;
  bool made_up;
};

Result<Source> load(const TopologySource& source) {
  const char* from_environment = std::getenv("HWLOC_SYNTHETIC");
  std::string synthetic = source.synthetic;
  if (synthetic.empty() && source.xml_path.empty() && from_environment != nullptr) synthetic = from_environment;
  hwloc_topology_t raw = nullptr;
  if (hwloc_topology_init(&raw) != 0) return fail(Errc::io, "topology: hwloc cannot start: {}", std::strerror(errno));
  TopologyHandle handle(raw);
  // hwloc itself would silently fall back to the real machine when HWLOC_SYNTHETIC is malformed.
  if (!synthetic.empty() && hwloc_topology_set_synthetic(raw, synthetic.c_str()) != 0) {
    return fail_field("synthetic topology", "want a description like 'numa:2 core:4 pu:2', found '{}'", synthetic);
  }
  const bool from_file = synthetic.empty() && !source.xml_path.empty();
  const bool file_set = !from_file || hwloc_topology_set_xml(raw, source.xml_path.c_str()) == 0;
  if (file_set && hwloc_topology_load(raw) == 0)
    return Source{std::move(handle), hwloc_topology_is_thissystem(raw) == 0};
  const int code = errno;
  if (!from_file) return fail(Errc::io, "topology: hwloc cannot read it: {}", std::strerror(code));
  return fail_field("topology file", "want XML as written by lstopo, found '{}': {}", source.xml_path,
                    std::strerror(code));
}

// Nodes that have memory of their own and processors beside them, in hwloc's order (normal memory before special
// kinds).
std::vector<hwloc_obj_t> memory_nodes(hwloc_topology_t t) {
  std::vector<hwloc_obj_t> nodes;
  for (hwloc_obj_t node = nullptr; (node = hwloc_get_next_obj_by_type(t, HWLOC_OBJ_NUMANODE, node)) != nullptr;) {
    if (!hwloc_bitmap_iszero(node->cpuset)) nodes.push_back(node);
  }
  return nodes;
}

hwloc_obj_t node_of(const std::vector<hwloc_obj_t>& nodes, hwloc_const_bitmap_t cpus) {
  for (const hwloc_obj_t node : nodes) {
    if (hwloc_bitmap_intersects(node->cpuset, cpus)) return node;
  }
  return nullptr;
}

// Intel names its kinds; elsewhere (big.LITTLE, dense Zen cores) the least capable of several kinds counts as
// efficient.
bool is_efficiency_core(hwloc_topology_t t, hwloc_const_bitmap_t cpus) {
  if (hwloc_cpukinds_get_nr(t, 0) < 2) return false;
  const int kind = hwloc_cpukinds_get_by_cpuset(t, cpus, 0);
  int rank = -1;
  unsigned n_infos = 0;
  struct hwloc_info_s* infos = nullptr;
  if (kind < 0 || hwloc_cpukinds_get_info(t, static_cast<unsigned>(kind), nullptr, &rank, &n_infos, &infos, 0) != 0) {
    return false;
  }
  for (unsigned i = 0; i < n_infos; ++i) {
    if (std::string_view(infos[i].name) == "CoreType") return std::string_view(infos[i].value) == "IntelAtom";
  }
  return rank == 0;  // -1: hwloc cannot tell which kind is faster
}

std::uint64_t cache_bytes(hwloc_topology_t t, hwloc_obj_t core, hwloc_obj_type_t type) {
  const hwloc_obj_t cache = hwloc_get_ancestor_obj_by_type(t, type, core);
  return cache == nullptr ? 0 : cache->attr->cache.size;
}

// Hardware threads that this process may use. nullptr: all of the topology.
Bitmap affinity_mask(hwloc_topology_t t) {
  Bitmap mask(hwloc_bitmap_alloc());
  if (mask == nullptr || hwloc_get_cpubind(t, mask.get(), HWLOC_CPUBIND_THREAD) != 0) {  // sched_getaffinity, any size
    log::debug("topology: cannot read the affinity mask: {}", std::strerror(errno));
    return nullptr;
  }
  return mask;
}

struct FoundCore {
  Core core;
  hwloc_obj_t object;
  hwloc_obj_t node;
};

std::vector<FoundCore> allowed_cores(hwloc_topology_t t, hwloc_const_bitmap_t affinity) {
  // Without core objects (a sandbox that hides them) each hardware thread counts as a core.
  const bool has_cores = hwloc_get_nbobjs_by_type(t, HWLOC_OBJ_CORE) > 0;
  const hwloc_obj_type_t type = has_cores ? HWLOC_OBJ_CORE : HWLOC_OBJ_PU;
  const std::vector<hwloc_obj_t> nodes = memory_nodes(t);
  const Bitmap usable(hwloc_bitmap_alloc());
  std::vector<FoundCore> found;
  for (hwloc_obj_t core = nullptr; (core = hwloc_get_next_obj_by_type(t, type, core)) != nullptr;) {
    hwloc_bitmap_and(usable.get(), core->cpuset, hwloc_topology_get_allowed_cpuset(t));
    if (affinity != nullptr) hwloc_bitmap_and(usable.get(), usable.get(), affinity);
    const int first = hwloc_bitmap_first(usable.get());
    if (first < 0) continue;
    Core entry{
        .os_cpu = static_cast<std::uint32_t>(first), .node = 0, .efficiency = is_efficiency_core(t, core->cpuset)};
    for (int cpu = hwloc_bitmap_first(core->cpuset); cpu >= 0; cpu = hwloc_bitmap_next(core->cpuset, cpu)) {
      entry.siblings.push_back(static_cast<std::uint32_t>(cpu));
    }
    found.push_back({std::move(entry), core, node_of(nodes, core->cpuset)});
  }
  const auto order = [](const FoundCore& c) {
    return std::pair(c.core.efficiency, c.node ? c.node->logical_index : 0);
  };
  std::stable_sort(found.begin(), found.end(),
                   [&](const FoundCore& a, const FoundCore& b) { return order(a) < order(b); });
  return found;
}

// Numbers the nodes that have allowed cores 0, 1, ... in hwloc's order and fills both directions of the relation.
void fill(Topology& out, const std::vector<FoundCore>& found) {
  std::vector<hwloc_obj_t> used;
  for (const FoundCore& f : found) {
    if (std::find(used.begin(), used.end(), f.node) == used.end()) used.push_back(f.node);
  }
  std::sort(used.begin(), used.end(),
            [](hwloc_obj_t a, hwloc_obj_t b) { return (a ? a->logical_index : 0) < (b ? b->logical_index : 0); });
  for (const hwloc_obj_t node : used) {
    out.nodes.push_back({.os_node = node ? node->os_index : 0,
                         .memory_bytes = node ? node->attr->numanode.local_memory : 0,
                         .cores = {}});
  }
  for (const FoundCore& f : found) {
    Core core = f.core;
    core.node = static_cast<std::uint32_t>(std::find(used.begin(), used.end(), f.node) - used.begin());
    out.nodes[core.node].cores.push_back(static_cast<std::uint32_t>(out.cores.size()));
    out.cores.push_back(core);
  }
}

}  // namespace

std::uint32_t Topology::default_workers() const noexcept {
  const auto performance = static_cast<std::uint32_t>(
      std::count_if(cores.begin(), cores.end(), [](const Core& c) { return !c.efficiency; }));
  std::uint32_t n = performance > 0 ? performance : static_cast<std::uint32_t>(cores.size());
  if (cpu_quota > 0 && cpu_quota < n) n = static_cast<std::uint32_t>(cpu_quota);
  return std::max<std::uint32_t>(1, n);
}

Result<Topology> read_topology(const TopologySource& source) {
  QUERN_TRY(const Source loaded, load(source));
  const hwloc_topology_t t = loaded.hwloc.get();
  Bitmap affinity;
  if (source.use_affinity && !loaded.made_up) affinity = affinity_mask(t);
  const std::vector<FoundCore> found = allowed_cores(t, affinity.get());
  if (found.empty()) return fail(Errc::unsupported, "topology: hwloc found no CPU that this process may use");
  Topology out;
  out.bindable = !loaded.made_up;
  fill(out, found);
  out.l2_bytes = cache_bytes(t, found.front().object, HWLOC_OBJ_L2CACHE);
  out.l3_bytes = cache_bytes(t, found.front().object, HWLOC_OBJ_L3CACHE);
  out.cpu_quota = cgroup_cpu_quota({.root = source.cgroup_root, .proc_self_cgroup = source.proc_self_cgroup});
  return out;
}

}  // namespace quern::kernels

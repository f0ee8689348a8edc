#include "base/machine_memory.hpp"

#include "base/checked.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace quern {
namespace {

// "MemAvailable:   123456 kB"
std::optional<std::uint64_t> meminfo_bytes(const std::string& path, const std::string& name) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    std::istringstream fields(line);
    std::string key, unit;
    std::uint64_t kilobytes = 0;
    if (fields >> key >> kilobytes >> unit && key == name && unit == "kB")
      return checked_mul(kilobytes, std::uint64_t{1024});
  }
  return std::nullopt;
}

std::uint64_t physical_bytes() {
  return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGE_SIZE));
}

double gib(std::uint64_t bytes) {
  return static_cast<double>(bytes) / (1 << 30);
}

}  // namespace

std::uint64_t MachineMemory::usable() const noexcept {
  return std::min(available, cgroup_left);
}

std::string MachineMemory::describe() const {
  std::string out = fmt::format("{:.2f} of {:.2f} GiB of the machine", gib(available), gib(physical));
  if (cgroup_limit != UINT64_MAX) {
    out += fmt::format(", {:.2f} of {:.2f} GiB of the cgroup", gib(cgroup_left), gib(cgroup_limit));
  }
  return out;
}

MachineMemory read_machine_memory(const MemorySource& source) {
  MachineMemory out;
  out.physical = meminfo_bytes(source.meminfo, "MemTotal:").value_or(physical_bytes());
  const std::optional<std::uint64_t> available = meminfo_bytes(source.meminfo, "MemAvailable:");
  if (!available) log::debug("memory: no MemAvailable in {}", source.meminfo);
  out.available = std::min(out.physical, available.value_or(out.physical));
  out.cgroup_limit = cgroup_memory_limit(source.cgroup);
  if (out.cgroup_limit >= out.physical) out.cgroup_limit = UINT64_MAX;  // v1 writes "none" as a huge number
  out.cgroup_left = cgroup_memory_left(source.cgroup);
  return out;
}

std::uint64_t default_memory_budget(const MachineMemory& memory, std::uint64_t already_held) noexcept {
  const std::uint64_t budget = memory.usable() / 10 * 9;
  return budget + std::min(already_held, UINT64_MAX - budget);
}

std::uint64_t bytes_held_in_memory(const std::string& path) {
  struct statfs system {};
  struct stat file {};
  if (::statfs(path.c_str(), &system) != 0 || ::stat(path.c_str(), &file) != 0 || file.st_size < 0) return 0;
  const auto type = static_cast<std::uint64_t>(system.f_type);
  const bool in_memory = type == TMPFS_MAGIC || type == RAMFS_MAGIC || type == HUGETLBFS_MAGIC;
  return in_memory ? static_cast<std::uint64_t>(file.st_size) : 0;
}

}  // namespace quern

// Says to other processes like this one which CPUs have a worker bound to them: for each, a Unix socket bound to an
// abstract name, which only one process can have and which goes with it, however it ends. Processes of other network
// namespaces (containers) do not see it; there the load of a CPU is all there is to go by (kernels/cpu_load.hpp).
// Threads: one. Nothing listens on the sockets. Source: unix(7), "abstract".
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace quern::kernels {

class CoreClaims {
 public:
  explicit CoreClaims(std::string prefix = "quern/cpu/") : prefix_(std::move(prefix)) {}
  CoreClaims(const CoreClaims&) = delete;
  CoreClaims& operator=(const CoreClaims&) = delete;
  ~CoreClaims();

  // false: another process has it, or another object of this one. Where sockets cannot be had, all claims are granted:
  // that is no reason not to start.
  bool claim(std::uint32_t os_cpu);
  void release(std::uint32_t os_cpu);

 private:
  const std::string prefix_;
  std::map<std::uint32_t, int> sockets_;  // by CPU; -1: granted without one
};

}  // namespace quern::kernels

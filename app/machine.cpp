#include "app/machine.hpp"

#include "base/log.hpp"
#include "base/machine_memory.hpp"
#include "engine/gguf/splits.hpp"
#include "kernels/cpu/isa.hpp"

namespace quern::app {
namespace {

double gib(std::uint64_t bytes) {
  return static_cast<double>(bytes) / (1 << 30);
}

// Of all files of a split set.
std::uint64_t weights_held_in_memory(const std::string& path) {
  const std::uint64_t named = bytes_held_in_memory(path);
  const auto split = engine::gguf::parse_split_name(path);
  if (named == 0 || !split) return named;
  std::uint64_t all = 0;
  for (std::uint64_t file = 1; file <= split->count; ++file) all += bytes_held_in_memory(split->path_of(file));
  return all;
}

}  // namespace

std::uint64_t memory_budget(const ModelOptions& options) {
  const MachineMemory memory = read_machine_memory();
  if (options.memory != 0) {
    if (options.memory > memory.usable()) {
      log::info("memory budget: {:.2f} GiB as asked for, {} can be had now", gib(options.memory), memory.describe());
    }
    return options.memory;
  }
  std::uint64_t held = 0;
  for (const auto* files : {&options.files, &options.embedding_files}) {
    for (const ModelFile& file : *files) held += weights_held_in_memory(file.path);
  }
  const std::uint64_t budget = default_memory_budget(memory, held);
  log::info("memory budget: {:.2f} GiB, 90% of what can be had now ({}){}", gib(budget), memory.describe(),
            held == 0 ? "" : ", and the weights, which are in memory already");
  return budget;
}

Result<std::unique_ptr<Machine>> Machine::create(const ModelOptions& options) {
  auto machine = std::unique_ptr<Machine>(new Machine(memory_budget(options)));
  QUERN_TRY(machine->kernels_, kernels::select_tier_from_environment());
  QUERN_TRY(machine->topology_, kernels::read_topology());
  const kernels::CorePoolOptions pool{.n_workers = options.threads, .pin = options.pin};
  QUERN_TRY(machine->pool_, kernels::CorePool::create(machine->topology_, pool));
  machine->conductor_ = std::make_unique<sched::Conductor>(machine->pool_.get());
  return machine;
}

}  // namespace quern::app

// The commands of `quern`: one row each. A command gets validated options and returns the process's exit code.
// Threads: main thread.
#pragma once

#include "app/options/option_table.hpp"
#include "app/options/options.hpp"
#include "base/result.hpp"

#include <span>
#include <string_view>

namespace quern::app {

inline constexpr int kExitOk = 0, kExitError = 1, kExitUsage = 2, kExitInterrupted = 130;

struct Command {
  std::string_view name;
  Commands bit;
  std::string_view summary;
  std::string_view usage;     // what follows `quern NAME`
  std::string_view examples;  // lines of shell
  Result<int> (*run)(const Options& options);
};

std::span<const Command> commands();
const Command* find_command(std::string_view name);
const Command* find_command(Commands bit);

Result<int> serve(const Options& options);
Result<int> run(const Options& options);
Result<int> bench(const Options& options);
Result<int> ctl(const Options& options);
Result<int> keys(const Options& options);
Result<int> synth(const Options& options);
Result<int> inspect(const Options& options);
Result<int> list_models(const Options& options);
Result<int> show_model(const Options& options);
Result<int> remove_models(const Options& options);
Result<int> copy_model(const Options& options);
Result<int> create_model(const Options& options);
Result<int> care_for_models(const Options& options);
Result<int> completion(const Options& options);
Result<int> pull(const Options& options);
Result<int> outdated(const Options& options);
Result<int> show_in_memory(const Options& options);
Result<int> stop_model(const Options& options);

}  // namespace quern::app

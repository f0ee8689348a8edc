#include "app/cli.hpp"
#include "app/commands/commands.hpp"
#include "app/options/sources.hpp"
#include "base/fault_guard.hpp"

#include <cstdio>
#include <exception>
#include <string>

extern char** environ;

// Nothing of ours throws across a folder; what arrives here is memory that ran out or a library's surprise.
int main(int argc, char** argv) try {
  quern::fault_guard::install();
  quern::app::Sources sources{.arguments = {argv + 1, argv + (argc > 0 ? argc : 1)},
                              .environment = {},
                              .system_config = quern::app::kSystemConfig};
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) sources.environment.emplace_back(*entry);
  return quern::app::run_cli(sources);
} catch (const std::exception& e) {
  std::fprintf(stderr, "quern: %s\n", e.what());
  return quern::app::kExitError;
}

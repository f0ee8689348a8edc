// argv, environment and YAML -> one validated Options. Precedence: command line > QUERN_* > YAML file > defaults.
// Threads: called once, from main.
#pragma once

#include "app/options/option_table.hpp"
#include "app/options/options.hpp"
#include "base/result.hpp"

#include <span>
#include <string>
#include <vector>

namespace quern::app {

struct CommandLine {
  enum class What { command, help, version, guide };
  What what = What::command;
  Commands command{};  // one bit; with What::help: of which command, 0 for all
  std::string topic;   // with What::help and no command: "options", "yaml" or ""
  Options options;
};

struct Sources {
  std::vector<std::string> arguments;    // argv without argv[0]
  std::vector<std::string> environment;  // "NAME=value"
  std::string system_config;             // read where it exists and no other file was named
};

// Errors: bad_input naming the option, variable, or file and line; not_found for a configuration file.
Result<CommandLine> parse_command_line(const Sources& sources);

}  // namespace quern::app

// The one table of options. A row gives the name on the command line; the environment variable and the YAML key follow
// from it ("queue-capacity": QUERN_QUEUE_CAPACITY, queue_capacity). Everything else is derived from the rows: parsing,
// --help, etc/quern.yaml, docs/CLI.md. A new option is one row here and one member in options.hpp.
// Threads: constant data.
#pragma once

#include "app/options/field.hpp"

#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace quern::app {

enum Commands : unsigned {
  kServe = 1,
  kRun = 2,
  kBench = 4,
  kCtl = 8,
  kSynth = 16,
  kInspect = 32,
  kKeys = 64,
  kList = 128,
  kShow = 256,
  kRm = 512,
  kCp = 1024,
  kCreate = 2048,
  kModels = 4096,
  kCompletion = 8192,
  kPull = 16384,
  kOutdated = 32768,
  kPs = 65536,
  kStop = 131072,
  kModelCommands = kServe | kRun | kBench,
  kStoreCommands = kList | kShow | kRm | kCp | kCreate | kModels,
  kAllCommands = 262143,
};

enum class Scope {
  everywhere,    // command line, environment, YAML
  command_line,  // what belongs to one call: a prompt, a file name
  positional,    // the same, without a name in front
};

struct OptionRow {
  std::string_view name;
  char letter = 0;  // short form; 0: none
  unsigned commands = 0;
  Scope scope = Scope::everywhere;
  std::string_view group;
  Field field;
  std::string_view help;
  std::string_view default_text = {};  // shown instead of the value where 0 or "" stands for something
};

std::span<const OptionRow> option_table();

std::string yaml_key(const OptionRow& row);
std::string env_name(const OptionRow& row);

// "--port", or "VERB" for a positional.
std::string display_name(const OptionRow& row);
// What the option is when nobody sets it, as a user would type it.
std::string default_of(const OptionRow& row);

// The name most like `name` among the rows that `offered` lets through, for "did you mean"; empty when none is near.
std::string nearest_name(std::string_view name, std::string (*to_name)(const OptionRow&),
                         const std::function<bool(const OptionRow&)>& offered);

}  // namespace quern::app

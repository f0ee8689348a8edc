// Where settings come from besides the command line: QUERN_* variables and a YAML file of flat `key: value` lines.
// A name that no option has is an error with the nearest known name, so that a typo never means "the default".
// Threads: pure functions, apart from reading the file.
#pragma once

#include "app/options/option_table.hpp"
#include "base/result.hpp"

#include <span>
#include <string>
#include <vector>

namespace quern::app {

// One value for one option, and where it stood ("--port", "QUERN_PORT", "quern.yaml:3: port") for messages.
struct Setting {
  const OptionRow* row;
  std::string text;
  std::string origin;
};

// environment: "NAME=value" entries. Variables that do not start with QUERN_ are not looked at; those that belong to
// the kernels (QUERN_FORCE_ISA), to tests or to the build are left alone.
Result<std::vector<Setting>> read_environment(std::span<const std::string> environment);

// Errors: not_found, io, bad_input naming file, line and key. `text` is the file's content, `path` its name.
Result<std::vector<Setting>> read_yaml(const std::string& text, const std::string& path);

// The configuration file to read: --config, else $QUERN_CONFIG, else system_path where that exists; "" for none.
std::string choose_config(const std::string& command_line, std::span<const std::string> environment,
                          const std::string& system_path);

inline constexpr const char* kSystemConfig = "/etc/quern/quern.yaml";

// Errors: not_found or io naming the path; bad_input beyond max_bytes.
Result<std::string> read_text_file(const std::string& path, std::size_t max_bytes);
// All that comes through an open file, pipe or socket, which stays open. name: for errors.
Result<std::string> read_descriptor(int fd, const std::string& name, std::size_t max_bytes);

}  // namespace quern::app

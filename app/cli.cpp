#include "app/cli.hpp"

#include "app/commands/commands.hpp"
#include "app/options/help.hpp"
#include "base/log.hpp"
#include "base/log_record.hpp"
#include "kernels/cpu/isa.hpp"

#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

namespace quern::app {
namespace {

std::string version_text() {
  std::string out = "quern " QUERN_VERSION ", kernels:";
  for (const kernels::Tier& tier : kernels::tiers()) {
    out += fmt::format(" {}{}", tier.isa, tier.supported() ? "" : " (not on this CPU)");
  }
  return out + "\n";
}

std::string help_text(const CommandLine& line) {
  if (line.topic == "options") return options_markdown();
  if (line.topic == "yaml") return options_yaml();
  return line.command == Commands{} ? overview_text() : command_help(line.command);
}

void print_error(const Error& error) {
  fmt::print(stderr, "quern: {}\n", error.detail);
}

// "auto": a terminal user of run, bench or ctl wants the answer, not the story of how the model was loaded.
std::string log_level(const CommandLine& line) {
  if (line.options.log_level != "auto") return line.options.log_level;
  return line.command == kServe ? "info" : "warn";
}

log::Format log_format(const CommandLine& line) {
  return line.options.log_format == "json" ? log::Format::json : log::Format::text;
}

}  // namespace

int run_cli(const Sources& sources) {
  const Result<CommandLine> line = parse_command_line(sources);
  if (!line) {
    print_error(line.error());
    fmt::print(stderr, "`quern help` lists commands and options.\n");
    return kExitUsage;
  }
  switch (line->what) {
    case CommandLine::What::guide:
      fmt::print("{}", guide_text());
      return kExitOk;
    case CommandLine::What::help:
      fmt::print("{}", help_text(*line));
      return kExitOk;
    case CommandLine::What::version:
      fmt::print("{}", version_text());
      return kExitOk;
    case CommandLine::What::command:
      break;
  }
  if (const Status logging = log::set_up(log_level(*line)); !logging) {
    print_error(logging.error());
    return kExitUsage;
  }
  log::set_format(log_format(*line));
  const Result<int> code = find_command(line->command)->run(line->options);
  if (!code) {
    print_error(code.error());
    return kExitError;
  }
  // Output that did not arrive (a full disk) must not look like success.
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    fmt::print(stderr, "quern: standard output cannot be written\n");
    return kExitError;
  }
  return *code;
}

}  // namespace quern::app

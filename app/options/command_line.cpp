#include "app/options/command_line.hpp"

#include "app/commands/commands.hpp"
#include "app/options/sampling_fields.hpp"
#include "app/options/sources.hpp"

#include <algorithm>
#include <deque>
#include <set>

#include <CLI/CLI.hpp>

namespace quern::app {
namespace {

constexpr std::size_t kMaxConfigBytes = 1 << 20;
constexpr int kMaxArguments = 1 << 16;

// What CLI11 found, before any value is looked at.
struct Found {
  std::vector<Setting> settings;
  bool help = false, version = false;
};

void add_option(CLI::App& app, const OptionRow& row, Found& found) {
  const auto note = [&row, &found](const std::string& text) {
    found.settings.push_back({&row, text, display_name(row)});
  };
  const std::string letter = row.letter != 0 ? fmt::format("-{},", row.letter) : "";
  if (std::holds_alternative<Flag>(row.field)) {
    app.add_flag_function(fmt::format("{0}--{1},!--no-{1}", letter, row.name),
                          [note](std::int64_t n) { note(n > 0 ? "true" : "false"); });
    return;
  }
  const std::string name =
      row.scope == Scope::positional ? std::string(row.name) : fmt::format("{}--{}", letter, row.name);
  const auto* custom = std::get_if<Custom>(&row.field);
  if (custom != nullptr && custom->repeatable) {
    const bool positional = row.scope == Scope::positional;
    app.add_option_function<std::vector<std::string>>(name,
                                                      [note](const std::vector<std::string>& texts) {
                                                        for (const std::string& text : texts) note(text);
                                                      })
        ->expected(1, positional ? kMaxArguments : 1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(positional);
    return;
  }
  app.add_option_function<std::string>(name, note)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

std::string dashed(const OptionRow& row) {
  return fmt::format("--{}", row.name);
}

Error unexpected(const std::string& argument, unsigned of_commands) {
  if (!argument.starts_with("-") || argument == "-") return fail(Errc::bad_input, "{}: unexpected argument", argument);
  const std::string nearest =
      nearest_name(argument.substr(0, argument.find('=')), &dashed, [of_commands](const OptionRow& row) {
        return (row.commands & of_commands) != 0 && row.scope != Scope::positional;
      });
  return fail(Errc::bad_input, "{}: no such option{}", argument,
              nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest));
}

Error no_such_command(const std::string& name) {
  std::string known;
  for (const Command& command : commands()) known += fmt::format("{}{}", known.empty() ? "" : ", ", command.name);
  return fail(Errc::bad_input, "{}: no such command; want {}", name, known);
}

// `quern help [COMMAND | options | yaml]`
Result<CommandLine> parse_help(std::span<const std::string> arguments) {
  CommandLine out;
  out.what = CommandLine::What::help;
  if (arguments.empty() || arguments.front() == "--help" || arguments.front() == "-h") return out;
  if (const Command* command = find_command(arguments.front())) {
    out.command = command->bit;
  } else if (arguments.front() == "options" || arguments.front() == "yaml") {
    out.topic = arguments.front();
  } else {
    return no_such_command(arguments.front());
  }
  return out;
}

// Of one source: a list that it begins replaces that of the sources before it.
Status apply_all(std::span<const Setting> settings, Options& options) {
  std::set<const OptionRow*> begun;
  for (const Setting& setting : settings) {
    const auto* custom = std::get_if<Custom>(&setting.row->field);
    if (custom != nullptr && custom->reset != nullptr && begun.insert(setting.row).second) custom->reset(options);
    const Status assigned = assign(setting.row->field, setting.text, options);
    if (!assigned) {
      return Error{Errc::bad_input, fmt::format("{}: {}", setting.origin, assigned.error().detail), setting.origin};
    }
    if (setting.row->group == kSamplingGroup) options.sampling_choices.push_back({setting.row, setting.text});
  }
  return {};
}

Status validate(const Options& options, Commands command) {
  if ((command & kModelCommands) != 0) QUERN_CHECK(validate_model(options.model));
  if (command == kRun || command == kBench) QUERN_CHECK(validate_one_model(options.model));
  if (command == kServe) QUERN_CHECK(validate_serve(options));
  if (command == kRun) QUERN_CHECK(validate_run(options));
  if (command == kSynth) QUERN_CHECK(validate_synth(options));
  if (command == kCtl) QUERN_CHECK(validate_ctl(options));
  if (command == kInspect) QUERN_CHECK(validate_inspect(options));
  if (command == kKeys) QUERN_CHECK(validate_keys(options));
  if ((command & (kStoreCommands | kCompletion | kStop)) != 0) {
    QUERN_CHECK(validate_store(options, find_command(command)->name));
  }
  if (command == kPull) QUERN_CHECK(validate_pull(options));
  return {};
}

// Runs CLI11 over the arguments of one command.
Result<Found> parse_arguments(const Command& command, std::span<const std::string> arguments) {
  Found found;
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  app.add_flag("-h,--help", found.help);
  app.add_flag("--version", found.version);
  for (const OptionRow& row : option_table()) {
    if ((row.commands & command.bit) != 0) add_option(app, row, found);
  }
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // what CLI11 wants
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& e) {
    return fail(Errc::bad_input, "{}", e.what());
  }
  const std::vector<std::string> extras = app.remaining();
  if (!extras.empty()) return unexpected(extras.front(), command.bit);
  return found;
}

}  // namespace

Result<CommandLine> parse_command_line(const Sources& sources) {
  CommandLine out;
  const std::span<const std::string> arguments = sources.arguments;
  if (arguments.empty()) {
    out.what = CommandLine::What::guide;
    return out;
  }
  const std::string& first = arguments.front();
  if (first == "help" || first == "--help" || first == "-h") return parse_help(arguments.subspan(1));
  if (first == "--version" || first == "-V" || first == "version") {
    out.what = CommandLine::What::version;
    return out;
  }
  const Command* command = find_command(first);
  if (command == nullptr) return first.starts_with("-") ? unexpected(first, 0) : no_such_command(first);
  out.command = command->bit;
  QUERN_TRY(const Found found, parse_arguments(*command, arguments.subspan(1)));
  if (found.help || found.version) {
    out.what = found.help ? CommandLine::What::help : CommandLine::What::version;
    return out;
  }
  std::string config_option;
  for (const Setting& setting : found.settings) {
    if (setting.row->name == "config") config_option = setting.text;
  }
  const std::string config = choose_config(config_option, sources.environment, sources.system_config);
  if (!config.empty()) {
    QUERN_TRY(const std::string text, read_text_file(config, kMaxConfigBytes));
    QUERN_TRY(const std::vector<Setting> from_yaml, read_yaml(text, config));
    QUERN_CHECK(apply_all(from_yaml, out.options));
  }
  QUERN_TRY(const std::vector<Setting> from_environment, read_environment(sources.environment));
  QUERN_CHECK(apply_all(from_environment, out.options));
  QUERN_CHECK(apply_all(found.settings, out.options));
  QUERN_CHECK(validate(out.options, out.command));
  return out;
}

}  // namespace quern::app

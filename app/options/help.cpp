#include "app/options/help.hpp"

#include "app/commands/commands.hpp"

#include <algorithm>
#include <vector>

namespace quern::app {
namespace {

constexpr std::size_t kHelpColumn = 30, kWidth = 110;

// Breaks text at blanks so that it fits between kHelpColumn and kWidth.
std::string wrapped(const std::string& text) {
  std::string out;
  std::size_t column = kHelpColumn;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    if (column + (end - begin) > kWidth && column > kHelpColumn) {
      if (out.ends_with(' ')) out.pop_back();
      out += '\n' + std::string(kHelpColumn, ' ');
      column = kHelpColumn;
    }
    out += text.substr(begin, end - begin);
    column += end - begin + 1;
    if (end < text.size()) out += ' ';
    begin = end + 1;
  }
  return out;
}

std::string invocation(const OptionRow& row) {
  if (row.scope == Scope::positional) return fmt::format("  {}", display_name(row));
  const std::string letter = row.letter != 0 ? fmt::format("-{}, ", row.letter) : "    ";
  const bool on_by_default = std::holds_alternative<Flag>(row.field) && default_of(row) == "true";
  const std::string value = placeholder(row.field);
  return fmt::format("  {}--{}{}{}{}", letter, on_by_default ? "no-" : "", row.name, value.empty() ? "" : " ", value);
}

std::string option_line(const OptionRow& row) {
  std::string text(row.help);
  const std::string value = default_of(row);
  if (std::holds_alternative<Flag>(row.field)) {
    if (value == "true") text = fmt::format("do not {}", row.help);
  } else if (!value.empty()) {
    text += fmt::format(" [{}]", value);
  }
  std::string left = invocation(row);
  if (left.size() + 2 > kHelpColumn) {
    left += '\n' + std::string(kHelpColumn, ' ');
  } else {
    left.resize(kHelpColumn, ' ');
  }
  return left + wrapped(text) + '\n';
}

std::string indented(std::string_view lines) {
  std::string out = "  ";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    out += lines[i];
    if (lines[i] == '\n' && i + 1 < lines.size()) out += "  ";
  }
  return out;
}

// The groups of a command's options in the order of the table.
std::vector<std::string_view> groups_of(Commands command) {
  std::vector<std::string_view> out;
  for (const OptionRow& row : option_table()) {
    if ((row.commands & command) != 0 && std::ranges::find(out, row.group) == out.end()) out.push_back(row.group);
  }
  return out;
}

// "serve, run"
std::string command_names(unsigned bits) {
  if (bits == kAllCommands) return "all";
  std::string out;
  for (const Command& command : commands()) {
    if ((bits & command.bit) != 0) out += fmt::format("{}{}", out.empty() ? "" : ", ", command.name);
  }
  return out;
}

std::string command_list() {
  std::string out;
  for (const Command& command : commands()) out += fmt::format("  {:<10} {}\n", command.name, command.summary);
  return out;
}

constexpr std::string_view kSources =
    "Every option that --help does not call command-line only is also an environment variable and a YAML key:\n"
    "--max-body is QUERN_MAX_BODY and max_body. The command line beats the environment, the environment beats the\n"
    "file (--config FILE, else $QUERN_CONFIG, else /etc/quern/quern.yaml).\n"
    "QUERN_FORCE_ISA=scalar|avx2|avx512|amx|neon picks the CPU kernels. `quern help options` lists all\n"
    "names, `quern help yaml` prints a configuration file.\n";

}  // namespace

std::string guide_text() {
  return "quern runs language models on this machine and serves many clients at once.\n\n"
         "Start here:\n"
         "  quern run -p \"Once upon a time\" --temp 0     # a tiny model is built in\n"
         "  quern serve                                  # the same over HTTP: http://127.0.0.1:8080\n"
         "  quern run -m model.gguf                      # chat with a GGUF model of yours\n\n"
         "Commands:\n" +
         command_list() + "\n`quern help` tells more, `quern COMMAND --help` all about one command.\n";
}

std::string overview_text() {
  return "Usage: quern COMMAND [options]\n\nCommands:\n" + command_list() +
         "\n`quern COMMAND --help` shows examples and options of a command.\n\n" + std::string(kSources) +
         "\nExit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted.\n";
}

std::string command_help(Commands bit) {
  const Command& command = *find_command(bit);
  std::string out = fmt::format("Usage: quern {} {}\n\n{}\n\nExamples:\n{}", command.name, command.usage,
                                command.summary, indented(command.examples));
  std::string command_line_only;
  for (const std::string_view group : groups_of(bit)) {
    out += fmt::format("\n{}:\n", group);
    for (const OptionRow& row : option_table()) {
      if ((row.commands & bit) == 0 || row.group != group) continue;
      out += option_line(row);
      if (row.scope == Scope::command_line) command_line_only += fmt::format(" --{}", row.name);
    }
  }
  out += "  -h, --help                  this text\n";
  if (!command_line_only.empty())
    out += fmt::format("\nCommand-line only:{}{}\n", std::string(kHelpColumn - 18, ' '),
                       wrapped(command_line_only.substr(1)));
  return out + "\n" + std::string(kSources);
}

std::string options_markdown() {
  std::string out =
      "| option | environment | YAML | commands | default | meaning |\n| --- | --- | --- | --- | --- | --- |\n";
  for (const OptionRow& row : option_table()) {
    const bool everywhere = row.scope == Scope::everywhere;
    std::string name = row.letter != 0 ? fmt::format("`-{}` ", row.letter) : "";
    std::string value = placeholder(row.field);
    for (std::size_t at = value.find('|'); at != std::string::npos; at = value.find('|', at + 2))
      value.insert(at, 1, '\\');
    name += fmt::format("`{}{}{}`", display_name(row), value.empty() ? "" : " ", value);
    const std::string fallback = default_of(row);
    out += fmt::format("| {} | {} | {} | {} | {} | {} |\n", name, everywhere ? fmt::format("`{}`", env_name(row)) : "",
                       everywhere ? fmt::format("`{}`", yaml_key(row)) : "", command_names(row.commands),
                       fallback.empty() ? "" : fmt::format("`{}`", fallback), row.help);
  }
  return out;
}

std::string options_yaml() {
  std::string out =
      "# quern's configuration. Every key is shown with its default, as a comment; uncomment what you change.\n"
      "# Read from --config FILE, else $QUERN_CONFIG, else /etc/quern/quern.yaml. The environment (QUERN_ and the key "
      "in\n"
      "# capitals) and the command line (--key) come before it. Sizes: 512M, 4G. Times: 500ms, 30s, 5m.\n"
      "# This file is what `quern help yaml` prints.\n";
  std::string_view group;
  for (const OptionRow& row : option_table()) {
    if (row.scope != Scope::everywhere) continue;
    if (row.group != group) out += fmt::format("\n# {}\n", row.group);
    group = row.group;
    const std::string heading = fmt::format("({}) {}", command_names(row.commands), row.help);
    const std::string prose(row.default_text);
    Options defaults;
    std::string value = show(row.field, defaults);
    if (value.empty()) value = "\"\"";
    out += fmt::format("# {}{}\n#{}: {}\n", heading, prose.empty() ? "" : fmt::format("; default: {}", prose),
                       yaml_key(row), value);
  }
  return out;
}

}  // namespace quern::app

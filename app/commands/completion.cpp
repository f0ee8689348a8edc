// `quern completion`: scripts made from the tables of commands and options; names of models are asked of
// `quern models names` when they are wanted. Threads: main.
#include "app/commands/commands.hpp"

#include <string>

#include <fmt/format.h>

namespace quern::app {
namespace {

// Commands whose arguments are models by name, and options whose value is.
constexpr unsigned kTakesNames = kShow | kRm | kCp | kModels | kRun | kStop;
constexpr std::string_view kNameOptions = "-m|--model|--embedding-model";

std::string words_of(const Command& command) {
  std::string out;
  for (const OptionRow& row : option_table()) {
    if ((row.commands & command.bit) == 0) continue;
    if (row.scope == Scope::positional) {
      const auto* choice = std::get_if<Choice>(&row.field);
      for (std::size_t i = 0; choice != nullptr && i < choice->values.size(); ++i)
        out += fmt::format(" {}", choice->values[i]);
      continue;
    }
    const bool on = std::holds_alternative<Flag>(row.field) && default_of(row) == "true";
    out += fmt::format(" --{}{}", on ? "no-" : "", row.name);
  }
  return out.empty() ? out : out.substr(1);
}

// A shell function. Words with colons are one word here, although bash takes them apart.
std::string bash_function() {
  std::string out =
      "_quern() {\n"
      "  local line=\"${COMP_LINE:0:COMP_POINT}\" cur before words names=0\n"
      "  cur=\"${line##*[[:space:]]}\"\n"
      "  before=\"${line%\"$cur\"}\"\n"
      "  local -a all=($before)\n"
      "  local command=\"${all[1]}\" previous=\"${all[${#all[@]}-1]}\"\n"
      "  if [ ${#all[@]} -le 1 ]; then\n    words=\"";
  for (const Command& command : commands()) out += fmt::format("{} ", command.name);
  out += "help version\"\n  else\n    case \"$command\" in\n";
  for (const Command& command : commands()) {
    out += fmt::format("      {}) words=\"{}\"{} ;;\n", command.name, words_of(command),
                       (command.bit & kTakesNames) != 0 ? "; names=1" : "");
  }
  out += fmt::format(
      "      help) words=\"options yaml\" ;;\n"
      "    esac\n"
      "  fi\n"
      "  case \"$previous\" in\n    {}) words=\"\"; names=1 ;;\n  esac\n"
      "  if [ $names = 1 ] && [ \"${{cur#-}}\" = \"$cur\" ]; then\n"
      "    words=\"$words $(\"${{all[0]}}\" models names 2>/dev/null)\"\n"
      "  fi\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
      "  case \"$cur\" in\n"
      "    *:*) local head=\"${{cur%\"${{cur##*:}}\"}}\" i\n"
      "      for i in \"${{!COMPREPLY[@]}}\"; do COMPREPLY[$i]=\"${{COMPREPLY[$i]#\"$head\"}}\"; done ;;\n"
      "  esac\n"
      "}}\n"
      "complete -o default -F _quern quern\n",
      kNameOptions);
  return out;
}

std::string fish_script() {
  std::string names;
  for (const Command& command : commands()) names += fmt::format(" {}", command.name);
  std::string out = fmt::format(
      "set -l commands{}\n"
      "complete -c quern -n \"not __fish_seen_subcommand_from $commands\" -f\n",
      names);
  for (const Command& command : commands()) {
    out += fmt::format("complete -c quern -n \"not __fish_seen_subcommand_from $commands\" -a {} -d '{}'\n",
                       command.name, command.summary);
    const std::string seen = fmt::format("complete -c quern -n \"__fish_seen_subcommand_from {}\"", command.name);
    for (const OptionRow& row : option_table()) {
      if ((row.commands & command.bit) == 0) continue;
      if (const auto* choice = std::get_if<Choice>(&row.field); row.scope == Scope::positional && choice != nullptr) {
        for (const std::string_view value : choice->values) out += fmt::format("{} -a {}\n", seen, value);
      }
      if (row.scope == Scope::positional) continue;
      const bool flag = std::holds_alternative<Flag>(row.field);
      const bool on = flag && default_of(row) == "true";
      out += fmt::format("{} -l {}{}{}{}\n", seen, on ? "no-" : "", row.name,
                         row.letter != 0 ? fmt::format(" -s {}", row.letter) : "", flag ? "" : " -r");
      if (row.name == "model" || row.name == "embedding-model") {
        out += fmt::format("{} -l {} -a '(quern models names 2>/dev/null)'\n", seen, row.name);
      }
    }
    if ((command.bit & kTakesNames) != 0) out += fmt::format("{} -a '(quern models names 2>/dev/null)'\n", seen);
  }
  return out;
}

}  // namespace

Result<int> completion(const Options& options) {
  if (options.store.shell == "fish") {
    fmt::print("{}", fish_script());
  } else if (options.store.shell == "zsh") {
    fmt::print("autoload -U +X bashcompinit && bashcompinit\n{}", bash_function());
  } else {
    fmt::print("{}", bash_function());
  }
  return kExitOk;
}

}  // namespace quern::app

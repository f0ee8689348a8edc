// Texts of `quern`, `quern help`, `quern COMMAND --help`, and the reference pages made from the option table.
// Threads: pure functions.
#pragma once

#include "app/options/option_table.hpp"

#include <string>

namespace quern::app {

std::string guide_text();                    // `quern` alone: what to type first
std::string overview_text();                 // `quern help`: the commands
std::string command_help(Commands command);  // `quern serve --help`: examples, then the options in groups
std::string options_markdown();              // `quern help options`: the table in docs/CLI.md
std::string options_yaml();                  // `quern help yaml`: etc/quern.yaml

}  // namespace quern::app

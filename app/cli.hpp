// The whole program behind main(): options in, exit code out. Threads: main thread.
#pragma once

#include "app/options/command_line.hpp"

namespace quern::app {

// Prints help or runs the command. Errors go to stderr as one line "quern: ...". Returns 0 (done), 1 (failed), 2 (wrong
// usage) or 130 (interrupted).
int run_cli(const Sources& sources);

}  // namespace quern::app

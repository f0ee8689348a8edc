// Where the prompt of `quern run` comes from. Threads: main; reads stdin.
#pragma once

#include "app/options/options.hpp"
#include "base/result.hpp"

#include <optional>
#include <string>

namespace quern::app {

// -p, else -f, else stdin where it is no terminal. Nothing: somebody sits at the terminal and wants to chat.
// One newline at the end of a file or of stdin is dropped: it is how text files end, not part of the text.
// Errors: not_found, io, bad_input beyond 64 MiB.
Result<std::optional<std::string>> read_prompt(const RunOptions& options);

}  // namespace quern::app

// Where the prompt of `quern run` comes from. Threads: main; reads stdin.
#pragma once

#include "app/options/options.hpp"
#include "base/result.hpp"

#include <optional>
#include <string>

namespace quern::app {

// -p, else -f, else stdin where it is no terminal. Nothing: somebody sits at the terminal and wants to chat.
// What a file or stdin holds is text in any Unicode encoding (decode_text()): line ends become LF, the last one goes.
// Errors: not_found, io, bad_input (beyond 64 MiB, no text, none at all).
Result<std::optional<std::string>> read_prompt(const RunOptions& options);

}  // namespace quern::app

// Options of the commands for models by name that are more than a text. Errors: bad_input, without the option's name.
// Threads: pure functions.
#pragma once

#include "app/options/options.hpp"
#include "base/result.hpp"

#include <string_view>

namespace quern::app {

Status parse_store_name(std::string_view text, Options& options);  // adds one
void reset_store_names(Options& options);
Status parse_store_limit(std::string_view text, Options& options);  // "100G"; "none"

}  // namespace quern::app

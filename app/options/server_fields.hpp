// Options of the server that are more than a text. Errors: bad_input, without the option's name. Threads: pure
// functions.
#pragma once

#include "app/options/options.hpp"
#include "base/result.hpp"

#include <string_view>

namespace quern::app {

Status parse_otlp(std::string_view text, Options& options);  // "http://127.0.0.1:4318"; none or nothing: off

}  // namespace quern::app

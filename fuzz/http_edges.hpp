// The part of the HTTP fuzzer that is about heads, targets, hosts and origins. `require` ends the process.
#pragma once

#include <string_view>

namespace quern::fuzz {

void require(bool holds, const char* what);

void request_head(std::string_view bytes);  // and what follows it
void target(std::string_view text);
void origin(std::string_view text);  // a line break, then the Host it comes with

}  // namespace quern::fuzz

// Calls as a model would have written them: for conversations with templates that list tools and show no calls of
// former turns, where they become the text of the message. Threads: pure functions.
#pragma once

#include "base/result.hpp"
#include "engine/tools/tool_format.hpp"

#include <span>
#include <string>
#include <string_view>

namespace quern::engine::tools {

struct WrittenCall {
  std::string id, name;
  std::string arguments;  // a JSON object
};

// Errors: bad_input: arguments that are no JSON object.
Result<std::string> write_calls(const ToolFormat& format, std::span<const WrittenCall> calls);

}  // namespace quern::engine::tools

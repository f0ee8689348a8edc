// What the files of this dialect share. Source: Anthropic's API reference, "Messages".
#pragma once

#include <string_view>

namespace quern::server {

// A conversation that the server should keep: clients that get this code send the turn again, whole.
inline constexpr std::string_view kThreadUnsupported = "thread_unsupported_request";

}  // namespace quern::server

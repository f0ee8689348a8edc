// One HTTP exchange over a server's Unix socket. Threads: any; blocks its caller until the reply, or the timeout.
#pragma once

#include "base/result.hpp"

#include <chrono>
#include <string>

namespace quern::app {

struct ControlReply {
  unsigned status = 0;  // HTTP
  std::string body;     // at most 16 MiB
};

// method: "GET" or "POST". body: JSON, or nothing. Errors: io naming the socket: nobody listens, no answer in time, not
// HTTP.
Result<ControlReply> ask_server(const std::string& socket_path, const std::string& method, const std::string& target,
                                std::chrono::milliseconds timeout, std::string body = {});

}  // namespace quern::app

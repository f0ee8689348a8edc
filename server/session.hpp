// The life of one connection: read a request, check it, route it, answer it, and again. Threads: the connection's
// strand. No exception leaves a session; every path answers or closes.
#pragma once

#include "server/connection.hpp"
#include "server/server_state.hpp"

#include <memory>

namespace quern::server {

// Serves the socket on its own executor until it closes; over max_connections it gets a 503 instead.
void start_session(const std::shared_ptr<ServerState>& state, Socket socket, Transport transport);

}  // namespace quern::server

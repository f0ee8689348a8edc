// Where the Unix socket is when nobody says: the same search for the server, which creates it, and for `quern ctl`.
// Threads: any; looks at the environment and the file system.
#pragma once

#include "base/result.hpp"

#include <string>

namespace quern::app {

// "none": "". A path: itself. "auto": quern.sock in $XDG_RUNTIME_DIR, else in /run/quern, the first of these
// directories that this process may write to; "" where there is none. Errors: bad_input for a path longer than a socket
// address holds (107 bytes).
Result<std::string> socket_to_create(const std::string& option);

// The same for a client: with "auto" the first of the two sockets that exists.
// Errors: not_found naming the places looked at; bad_input for "none".
Result<std::string> socket_to_connect(const std::string& option);

}  // namespace quern::app

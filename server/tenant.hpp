// Who a request is counted for when clients share the machine: its API key (keys are not checked: any name does), the
// user at the other end of the Unix socket, or nobody in particular. Names are safe to log: of a key only a hash is
// kept. Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace quern::server {

std::string tenant_of_key(std::string_view api_key);  // "key-" and 16 hex digits
std::string tenant_of(std::string_view api_key, std::optional<uid_t> peer);

}  // namespace quern::server

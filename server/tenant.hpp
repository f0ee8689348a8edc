// Who a request is counted for when clients share the machine. Where the server has no keys file: whatever API key it
// brings (any name does), the user at the other end of the Unix socket, or nobody in particular. Names are safe to log:
// of a key only a hash is kept. Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace quern::server {

struct Caller {
  std::string tenant;
  float weight = 0;  // of a key of the keys file; 0: what SchedulerLimits::tenant_weights says
};

std::string tenant_of_key(std::string_view api_key);  // "key-" and 16 hex digits
std::string tenant_of(std::string_view api_key, std::optional<uid_t> peer);

}  // namespace quern::server

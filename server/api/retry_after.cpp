#include "server/api/retry_after.hpp"

#include "server/http_error.hpp"

#include <algorithm>
#include <cmath>

namespace quern::server {

Response refusal(const Error& error, const models::TaskQueue& queue) {
  Response response = error_response(error);
  if (error.code != Errc::overloaded) return response;
  const double seconds = std::clamp(std::ceil(queue.snapshot().expected_wait_s), 1.0, 60.0);
  for (auto& [name, value] : response.headers) {
    if (name == "Retry-After") value = fmt::format("{:.0f}", seconds);
  }
  return response;
}

}  // namespace quern::server

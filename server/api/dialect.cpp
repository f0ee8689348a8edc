#include "server/api/dialect.hpp"

namespace quern::server {

const Dialect& dialect_of(std::string_view path) noexcept {
  if (path.starts_with("/v1/messages")) return kAnthropic;
  return path.starts_with("/api/") ? kOllama : kOpenAi;
}

}  // namespace quern::server

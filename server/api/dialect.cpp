#include "server/api/dialect.hpp"

namespace quern::server {

const Dialect& dialect_of(std::string_view) noexcept {
  return kOpenAi;
}

}  // namespace quern::server

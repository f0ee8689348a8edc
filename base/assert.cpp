#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace quern {

void assertion_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "quern: internal error: %s (%s:%d)\n", expression, file, line);
  std::abort();
}

}  // namespace quern

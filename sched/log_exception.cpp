#include "sched/log_exception.hpp"

#include "base/log.hpp"

#include <exception>

namespace quern::sched {

void log_current_exception(const char* what_failed) noexcept {
  try {
    try {
      throw;
    } catch (const std::exception& e) {
      log::error("{}: {}", what_failed, e.what());
    } catch (...) {
      log::error("{}: unknown exception", what_failed);
    }
  } catch (...) {
  }
}

}  // namespace quern::sched

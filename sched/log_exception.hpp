// For catch (...) blocks of code that must not throw.
#pragma once

namespace quern::sched {

// Logs the exception that is being handled. Logging allocates and so may throw that very exception again: nothing is
// logged then. REQUIRES: called in a catch block.
void log_current_exception(const char* what_failed) noexcept;

}  // namespace quern::sched

// Logging. The only header that includes spdlog. Threads: any; the sink (stderr) is thread-safe.
// Prompts and generated text are never logged. Nothing is logged per token.
#pragma once

#include "base/result.hpp"

#include <string_view>

#include <spdlog/spdlog.h>

namespace quern::log {

// level: trace, debug, info, warn, error, off. Errors: bad_input for another name.
Status set_up(std::string_view level);

template <class... Args>
void debug(fmt::format_string<Args...> f, Args&&... args) {
  spdlog::debug(f, std::forward<Args>(args)...);
}
template <class... Args>
void info(fmt::format_string<Args...> f, Args&&... args) {
  spdlog::info(f, std::forward<Args>(args)...);
}
template <class... Args>
void warn(fmt::format_string<Args...> f, Args&&... args) {
  spdlog::warn(f, std::forward<Args>(args)...);
}
template <class... Args>
void error(fmt::format_string<Args...> f, Args&&... args) {
  spdlog::error(f, std::forward<Args>(args)...);
}

}  // namespace quern::log

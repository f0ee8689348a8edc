#include "base/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>

namespace quern::log {

Status set_up(std::string_view level) {
  static constexpr std::string_view kLevels[] = {"trace", "debug", "info", "warn", "error", "off"};
  bool known = false;
  for (const std::string_view candidate : kLevels) known = known || candidate == level;
  if (!known) return fail_field("log_level", "want trace, debug, info, warn, error or off, found '{}'", level);
  auto logger = spdlog::get("quern");
  if (!logger) logger = spdlog::stderr_color_mt("quern");
  spdlog::set_default_logger(logger);
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %v");
  spdlog::set_level(spdlog::level::from_str(std::string(level)));
  return {};
}

}  // namespace quern::log

#include "server/api/keep_alive.hpp"

#include "base/duration_text.hpp"
#include "models/residency.hpp"
#include "server/api/json_fields.hpp"

#include <cmath>
#include <optional>

namespace quern::server {
namespace {

constexpr double kMost_s = 100.0 * 365 * 24 * 3600;  // beyond: for ever

}  // namespace

Result<std::optional<Duration>> read_keep_alive(const json::object& request) {
  const json::value* const value = request.if_contains("keep_alive");
  if (value == nullptr || value->is_null()) return std::optional<Duration>();
  std::optional<double> seconds;
  if (value->is_number()) seconds = value->to_number<double>();
  if (value->is_string()) seconds = parse_go_duration({value->get_string().data(), value->get_string().size()});
  if (!seconds || std::isnan(*seconds))
    return fail_field("keep_alive", "expected a duration such as \"5m\", or seconds, found {}", describe(*value));
  if (*seconds < 0 || *seconds > kMost_s) return std::optional<Duration>(models::kForever);
  return std::optional<Duration>(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(*seconds)));
}

}  // namespace quern::server

#include "app/options/scheduling_fields.hpp"

#include "app/options/values.hpp"
#include "server/tenant.hpp"

#include <algorithm>
#include <charconv>

namespace quern::app {
namespace {

constexpr double kMinWeight = 0.001, kMaxWeight = 1000;

// What requests of this name are counted for: users and nobody by their own names, anything else is an API key.
std::string tenant_named(std::string_view name) {
  const bool own = name == "anonymous" || name.starts_with("uid-");
  return own ? std::string(name) : server::tenant_of_key(name);
}

Result<double> parse_weight(std::string_view text) {
  double weight = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), weight);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() ||
      !(weight >= kMinWeight && weight <= kMaxWeight)) {
    return fail(Errc::bad_input, "want a weight from {} to {}, found '{}'", kMinWeight, kMaxWeight, text);
  }
  return weight;
}

}  // namespace

Status parse_tenant_weights(std::string_view text, Options& options) {
  std::vector<sched::TenantWeight>& weights = options.sched.tenant_weights;
  weights.clear();
  if (text == "none") return {};
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view entry = text.substr(begin, end - begin);
    const std::size_t equals = entry.rfind('=');  // a key may contain one
    if (equals == std::string_view::npos || equals == 0) {
      return fail(Errc::bad_input, "want KEY=WEIGHT,.. such as my-key=4, found '{}'", entry);
    }
    QUERN_TRY(const double weight, parse_weight(entry.substr(equals + 1)));
    weights.push_back({tenant_named(entry.substr(0, equals)), weight});
    begin = end + 1;
  }
  return {};
}

}  // namespace quern::app

#include "app/options/server_fields.hpp"

#include "server/tracing/exporter.hpp"

namespace quern::app {

Status parse_otlp(std::string_view text, Options& options) {
  options.server.otlp_endpoint.clear();
  if (text.empty() || text == "none") return {};
  const auto endpoint = server::parse_otlp_endpoint(text);
  if (!endpoint) return fail(Errc::bad_input, "{}; none: no spans", endpoint.error().detail);
  options.server.otlp_endpoint = text;
  return {};
}

}  // namespace quern::app

// {"type": "error", "error": {"type", "message"}}: what Anthropic's clients read.
// Source: Anthropic's API reference, "Errors"; the words and the details by which its clients know two of them.
#include "server/api/dialect.hpp"
#include "server/api/frames.hpp"

#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace quern::server {
namespace {

namespace json = boost::json;

// A conversation that the server should keep: clients that get this code send the turn again, whole.
constexpr std::string_view kThread = "thread", kThreadUnsupported = "thread_unsupported_request";

std::string_view type_of(unsigned status) noexcept {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 503:
      return "overloaded_error";
    default:
      return status >= 500 ? "api_error" : "invalid_request_error";
  }
}

std::string message_of(const HttpError& error) {
  if (!error.overflow) return error.message;
  const std::uint64_t most = error.overflow->n_context;
  return fmt::format("prompt is too long: {} tokens > {} maximum", std::max(error.overflow->n_prompt, most + 1), most);
}

std::string error_body(const HttpError& error) {
  json::object inner{{"type", type_of(error.status)}, {"message", message_of(error)}};
  if (error.field == kThread) {
    inner["details"] =
        json::object{{"error_code", kThreadUnsupported}, {"unsupported", json::array{json::value(kThread)}}};
  }
  return json::serialize(json::object{{"type", "error"}, {"error", std::move(inner)}});
}

void waiting(std::string_view, std::string_view, std::string& out) {
  append_event(out, "ping", R"({"type":"ping"})");
}

void stream_error(std::string_view, const HttpError& error, std::string& out) {
  append_event(out, "error", error_body(error));
}

}  // namespace

const Dialect kAnthropic{
    .name = "anthropic", .error_body = &error_body, .waiting = &waiting, .stream_error = &stream_error};

}  // namespace quern::server

// {"error": {"message", "type", "param", "code"}}: what the official OpenAI clients read.
#include "server/api/dialect.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace quern::server {
namespace {

namespace json = boost::json;

// The clients choose their exception class by the status; the type is for people and for log filters.
std::string_view type_of(unsigned status) noexcept {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 429:
      return "rate_limit_error";
    case 501:
      return "not_supported_error";
    case 503:
      return "unavailable_error";
    default:
      return status >= 500 ? "server_error" : "invalid_request_error";
  }
}

std::string error_body(const HttpError& error) {
  const auto text_or_null = [](std::string_view text) { return text.empty() ? json::value() : json::value(text); };
  json::object out{{"message", error.message}, {"type", type_of(error.status)}};
  out["param"] = text_or_null(error.field);
  out["code"] = text_or_null(error.code);
  return json::serialize(json::object{{"error", std::move(out)}});
}

}  // namespace

const Dialect kOpenAi{.name = "openai", .error_body = &error_body};

}  // namespace quern::server

// {"error": {"message", "type", "param", "code"}}: what the official OpenAI clients read.
#include "server/api/dialect.hpp"
#include "server/api/frames.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

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

// The words by which clients recognise a prompt that is too long.
std::string message_of(const HttpError& error) {
  if (!error.overflow) return error.message;
  return fmt::format("This model's maximum context length is {} tokens. {}", error.overflow->n_context, error.message);
}

std::string error_body(const HttpError& error) {
  const auto text_or_null = [](std::string_view text) { return text.empty() ? json::value() : json::value(text); };
  json::object out{{"message", message_of(error)}, {"type", type_of(error.status)}};
  out["param"] = text_or_null(error.field);
  out["code"] = text_or_null(error.code);
  return json::serialize(json::object{{"error", std::move(out)}});
}

void waiting(std::string_view, std::string_view, std::string& out) {
  append_comment(out);
}

// Of Responses an event, elsewhere the same as without a stream.
void stream_error(std::string_view path, const HttpError& error, std::string& out) {
  if (!path.starts_with("/v1/responses")) return append_data(out, error_body(error));
  json::object event{{"type", "error"}, {"sequence_number", 0}, {"message", message_of(error)}};
  event["code"] = error.code.empty() ? type_of(error.status) : error.code;
  event["param"] = error.field.empty() ? json::value() : json::value(error.field);
  append_event(out, "error", json::serialize(event));
}

}  // namespace

const Dialect kOpenAi{.name = "openai", .error_body = &error_body, .waiting = &waiting, .stream_error = &stream_error};

}  // namespace quern::server

#include "server/http_error.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace quern::server {
namespace {

namespace json = boost::json;

// The clients choose their exception class by the status; the type is for people and for log filters.
std::string_view type_of(unsigned status) noexcept {
  switch (status) {
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

std::string_view code_of(const Error& error) noexcept {
  switch (error.code) {
    case Errc::unsupported:
      return error.field.empty() ? "unsupported" : "unsupported_parameter";
    case Errc::not_found:
      return error.field == "model" ? "model_not_found" : "not_found";
    case Errc::overloaded:
      return "overloaded";
    case Errc::draining:
      return "draining";
    case Errc::cancelled:
      return "cancelled";
    case Errc::corrupt:  // requests read no files: it is what the model computed
      return "model_output_invalid";
    default:
      return {};
  }
}

std::string body_of(unsigned status, std::string_view message, std::string_view param, std::string_view code) {
  const auto text_or_null = [](std::string_view text) { return text.empty() ? json::value() : json::value(text); };
  json::object error{{"message", message}, {"type", type_of(status)}};
  error["param"] = text_or_null(param);
  error["code"] = text_or_null(code);
  return json::serialize(json::object{{"error", std::move(error)}});
}

Response make(unsigned status, std::string body) {
  Response response{.status = status, .body = std::move(body)};
  if (status == 429 || status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace

unsigned http_status(const Error& error) noexcept {
  switch (error.code) {
    case Errc::bad_input:
      return 400;
    case Errc::not_found:
      return 404;
    case Errc::unsupported:
      return error.field.empty() ? 501 : 400;
    case Errc::overloaded:
      return 429;
    case Errc::draining:
      return 503;
    case Errc::cancelled:
      return 499;  // not 5xx: the official clients would send the request again
    case Errc::io:
    case Errc::corrupt:
      return 500;
  }
  return 500;
}

std::string error_json(const Error& error, std::string_view code) {
  return body_of(http_status(error), error.detail, error.field, code.empty() ? code_of(error) : code);
}

Response error_response(const Error& error, std::string_view code) {
  return make(http_status(error), error_json(error, code));
}

Response error_response(unsigned status, std::string_view message, std::string_view code) {
  return make(status, body_of(status, message, {}, code));
}

}  // namespace quern::server

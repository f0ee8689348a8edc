#include "server/http_error.hpp"

#include <utility>

namespace quern::server {
namespace {

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

HttpError http_error(const Error& error, std::string_view code) {
  return {.status = http_status(error),
          .message = error.detail,
          .field = error.field,
          .code = std::string(code.empty() ? code_of(error) : code)};
}

Response error_response(HttpError error) {
  Response response{.status = error.status};
  if (error.status == 429 || error.status == 503) response.headers.emplace_back("Retry-After", "1");
  response.error = std::move(error);
  return response;
}

Response error_response(const Error& error, std::string_view code) {
  return error_response(http_error(error, code));
}

Response error_response(unsigned status, std::string_view message, std::string_view code) {
  return error_response(HttpError{.status = status, .message = std::string(message), .code = std::string(code)});
}

}  // namespace quern::server

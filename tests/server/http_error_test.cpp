#include "server/http_error.hpp"

#include "server/api/dialect.hpp"

#include <array>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace quern::server {
namespace {

namespace json = boost::json;

struct Case {
  Error error;
  unsigned status;
  const char* type;
  json::value code;
};

TEST(HttpError, MapsEachCodeToTheClassThatClientsRaise) {
  const std::array cases{
      Case{fail_field("temperature", "too hot"), 400, "invalid_request_error", nullptr},
      Case{{Errc::not_found, "no", "model"}, 404, "not_found_error", "model_not_found"},
      Case{{Errc::not_found, "no", "id"}, 404, "not_found_error", "not_found"},
      Case{{Errc::unsupported, "no", "tools"}, 400, "invalid_request_error", "unsupported_parameter"},
      Case{{Errc::unsupported, "no", ""}, 501, "not_supported_error", "unsupported"},
      Case{{Errc::overloaded, "full", ""}, 429, "rate_limit_error", "overloaded"},
      Case{{Errc::draining, "bye", ""}, 503, "unavailable_error", "draining"},
      Case{{Errc::cancelled, "gone", ""}, 499, "invalid_request_error", "cancelled"},
      Case{{Errc::io, "disk", ""}, 500, "server_error", nullptr},
      Case{{Errc::corrupt, "NaN", ""}, 500, "server_error", "model_output_invalid"},
  };
  for (const Case& c : cases) {
    const Response response = error_response(c.error);
    const json::value error = json::parse(kOpenAi.error_body(*response.error)).at("error");
    EXPECT_EQ(response.status, c.status) << c.error.detail;
    EXPECT_EQ(error.at("type"), c.type) << c.error.detail;
    EXPECT_EQ(error.at("code"), c.code) << c.error.detail;
    EXPECT_EQ(error.at("message").get_string(), c.error.detail);
    EXPECT_EQ(error.at("param").is_null(), c.error.field.empty());
    EXPECT_EQ(response.headers.empty(), c.status != 429 && c.status != 503) << "Retry-After";
  }
}

TEST(HttpError, TakesAnExplicitCode) {
  const json::value error =
      json::parse(kOpenAi.error_body(http_error(fail_field("prompt", "long"), "context_length_exceeded")));
  EXPECT_EQ(error.at("error").at("code"), "context_length_exceeded");
  EXPECT_EQ(error.at("error").at("param"), "prompt");
}

TEST(HttpError, EscapesWhatItQuotes) {
  const Error error{Errc::bad_input, "found \"\n\\", {}};
  EXPECT_EQ(json::parse(kOpenAi.error_body(http_error(error))).at("error").at("message"), "found \"\n\\");
}

}  // namespace
}  // namespace quern::server

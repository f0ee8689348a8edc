#include "server/routes.hpp"

#include <set>

#include <gtest/gtest.h>

namespace quern::server {
namespace {

using boost::beast::http::verb;

TEST(Routes, EachIsFoundByItsOwnPatternAndMethod) {
  for (const Route& route : routes()) {
    std::string path(route.pattern);
    for (const std::string placeholder : {"{id}", "{path}"}) {
      if (const std::size_t at = path.find(placeholder); at != std::string::npos)
        path.replace(at, placeholder.size(), "17");
    }
    const RouteMatch match = find_route(path, route.method, true);
    ASSERT_NE(match.route, nullptr) << path;
    EXPECT_EQ(match.route->pattern, route.pattern);
    EXPECT_EQ(match.value, path == route.pattern ? "" : "17");
    EXPECT_NE(match.allow.find(std::string(to_string(route.method))), std::string::npos);
  }
}

// But what uploads a file; and one that removes something by its name.
TEST(Routes, EveryPostOfTheApiTakesJson) {
  for (const Route& route : routes()) {
    const bool has_json = (route.method == verb::post && !route.control && route.pattern != "/api/blobs/{id}") ||
                          route.pattern == "/api/delete";
    EXPECT_EQ(route.takes_json, has_json) << route.pattern;
  }
}

TEST(Routes, ControlExistsOnlyWhereItIsAllowed) {
  for (const Route& route : routes()) {
    EXPECT_EQ(route.control, route.pattern.starts_with("/control/"));
  }
  const RouteMatch match = find_route("/control/status", verb::get, false);
  EXPECT_EQ(match.route, nullptr);
  EXPECT_EQ(match.allow, "") << "like any unknown path";
}

TEST(Routes, EachHasTheScopeThatItNeeds) {
  const std::set<std::string_view> open{"/health", "/v1/health"};
  const std::set<std::string_view> looks{"/apply-template",
                                         "/tokenize",
                                         "/detokenize",
                                         "/v1/chat/completions/input_tokens",
                                         "/v1/responses/input_tokens",
                                         "/v1/messages/count_tokens",
                                         "/api/show"};
  for (const Route& route : routes()) {
    const bool look = route.method == verb::get || looks.contains(route.pattern);
    const std::set<std::string_view> keeps{"/api/pull",   "/api/create",     "/api/copy",
                                           "/api/delete", "/api/blobs/{id}", "/api/push"};
    const bool steers =
        route.pattern.ends_with("/load") || route.pattern.ends_with("/unload") || keeps.contains(route.pattern);
    const KeyScope of_api = steers ? KeyScope::admin : look ? KeyScope::read : KeyScope::infer;
    const KeyScope expected = open.contains(route.pattern) ? KeyScope::none : of_api;
    EXPECT_EQ(route.scope, route.control ? KeyScope::admin : expected) << route.pattern;
  }
}

TEST(Routes, HeadIsGet) {
  EXPECT_NE(find_route("/health", verb::head, false).route, nullptr);
}

TEST(Routes, UnknownPathsAndMethodsDiffer) {
  EXPECT_EQ(find_route("/v1/completions", verb::get, false).allow, "POST, OPTIONS");
  EXPECT_EQ(find_route("/v1/completions", verb::get, false).route, nullptr);
  for (const char* path :
       {"", "/nothing", "/v1", "/v1/", "/health/", "//health", "/health/x", "/v1/completions/", "*"}) {
    EXPECT_EQ(find_route(path, verb::get, true).allow, "") << path;
  }
}

TEST(Routes, AModelIdMayContainSlashes) {
  EXPECT_EQ(find_route("/v1/models/org/name", verb::get, false).value, "org/name");
  EXPECT_EQ(find_route("/control/requests/1/x", verb::get, true).allow, "");
  EXPECT_EQ(find_route("/control/requests/", verb::get, true).allow, "");
}

}  // namespace
}  // namespace quern::server

#include "server/target.hpp"

#include <gtest/gtest.h>

namespace quern::server {
namespace {

std::string path_of(std::string_view target) {
  const Result<Target> found = parse_target(target);
  return found ? found->path : "refused";
}

TEST(ParseTarget, OnePathForOnePlace) {
  const std::pair<const char*, const char*> kPaths[] = {{"/v1/models", "/v1/models"},
                                                        {"/v1/models?x=/../y", "/v1/models"},
                                                        {"/v1/models#x", "/v1/models"},
                                                        {"//v1/models", "/v1/models"},
                                                        {"/v1//models/", "/v1/models"},
                                                        {"///v1///models///", "/v1/models"},
                                                        {"/v1/./models/.", "/v1/models"},
                                                        {"/v1/x/../models", "/v1/models"},
                                                        {"/v1/models/x/..", "/v1/models"},
                                                        {"/../../v1/models", "/v1/models"},
                                                        {"/v1/x/%2e%2E/models/%2e", "/v1/models"},
                                                        {"/%76%31/models", "/v1/models"},
                                                        {"/v1/models/org%2Fname%20x", "/v1/models/org/name x"},
                                                        {"/v1/models/a%2f..%2f..%2fb", "/v1/models/a/../../b"},
                                                        {"/v1/models/...", "/v1/models/..."},
                                                        {"/V1/Models", "/V1/Models"},
                                                        {"/", "/"},
                                                        {"//", "/"},
                                                        {"/?", "/"},
                                                        {"*", "*"}};
  for (const auto& [target, path] : kPaths) EXPECT_EQ(path_of(target), path) << target;
}

TEST(ParseTarget, TheAbsoluteFormNamesItsHost) {
  const std::tuple<const char*, const char*, const char*> kTargets[] = {
      {"http://localhost:8080/health", "/health", "localhost:8080"},
      {"HTTP://localhost", "/", "localhost"},
      {"https://box/v1//models/?x", "/v1/models", "box"},
      {"http://box?x=/y", "/", "box"},
      {"http://user@box/health", "/health", "user@box"}};
  for (const auto& [target, path, authority] : kTargets) {
    const Result<Target> found = parse_target(target);
    ASSERT_TRUE(found) << target;
    EXPECT_EQ(found->path, path);
    EXPECT_EQ(found->authority, authority);
  }
  EXPECT_EQ(parse_target("//box/health")->authority, std::nullopt) << "a path, not a host";
}

TEST(ParseTarget, RefusesWhatIsNoPath) {
  for (const char* target : {"", "health", "**", "/%", "/%4", "/%zz", "/%00", "/a%00b/..", "/%ff", "/%c3/%bc",
                             "http://", "http:///health", "ftp://localhost/", "localhost:80", "?x"}) {
    EXPECT_EQ(path_of(target), "refused") << target;
  }
}

}  // namespace
}  // namespace quern::server

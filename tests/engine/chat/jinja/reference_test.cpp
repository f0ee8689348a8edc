// Templates rendered by Jinja 3.1 on Python 3 (tests/data/jinja): ours must give the same text.
#include "tests/engine/chat/jinja/render.hpp"
#include "tests/support/golden_json.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>

namespace quern::engine::chat::jinja {
namespace {

TEST(JinjaReference, RendersAsJinjaDoes) {
  const char* const other = std::getenv("QUERN_JINJA_CASES");  // another file of the same form
  const boost::json::value cases =
      test::read_json(other != nullptr ? other : QUERN_TEST_DATA_DIR "/jinja/reference.json");
  EXPECT_GT(cases.as_array().size(), 100u);
  for (const boost::json::value& item : cases.as_array()) {
    const std::string source(item.at("template").as_string());
    EXPECT_EQ(render(source), std::string(item.at("result").as_string())) << source;
  }
}

// Files with variables for all of their cases; the second is only beside a checkout.
TEST(JinjaReference, RendersExpressionsAsJinjaDoes) {
  const char* const shared = std::getenv("QUERN_SHARED_DIR");
  const std::filesystem::path files[] = {
      QUERN_TEST_DATA_DIR "/jinja/expressions.json", QUERN_TEST_DATA_DIR "/chat-cases/expressions.json",
      (shared != nullptr ? std::filesystem::path(shared) : std::filesystem::path(QUERN_SOURCE_DIR) / "../shared") /
          "cases/chat/expressions.json"};
  for (const std::filesystem::path& file : files) {
    if (&file == &files[2] && !std::filesystem::exists(file)) continue;
    const boost::json::value document = test::read_json(file);
    const std::string variables = boost::json::serialize(document.at("variables"));
    for (const boost::json::value& item : document.at("cases").as_array()) {
      const std::string source(item.at("template").as_string());
      EXPECT_EQ(render(source, variables), std::string(item.at("prompt").as_string())) << source;
    }
  }
}

}  // namespace
}  // namespace quern::engine::chat::jinja

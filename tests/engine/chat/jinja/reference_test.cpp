// Templates rendered by Jinja 3.1 on Python 3 (tests/data/jinja): ours must give the same text.
#include "tests/engine/chat/jinja/render.hpp"
#include "tests/support/golden_json.hpp"

#include <cstdlib>

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

}  // namespace
}  // namespace quern::engine::chat::jinja

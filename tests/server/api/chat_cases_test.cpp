// Requests and what they give (tests/data/chat-cases, and beside a checkout the same folder of the shared cases): a
// template, and for each request the prompt, or the status and what its message names.
#include "engine/chat/template_set.hpp"
#include "server/api/chat_turn.hpp"
#include "server/api/openai/chat_json.hpp"
#include "server/http_error.hpp"
#include "tests/server/api/document_of.hpp"
#include "tests/support/golden_json.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

namespace quern::server {
namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// The text of a member of an array, as it is written: parsed and written again its numbers would change.
std::vector<std::string> texts_of(const std::string& text, const std::string& key) {
  std::vector<std::string> out;
  for (std::size_t at = text.find("\"" + key + "\""); at != std::string::npos; at = text.find("\"" + key + "\"", at)) {
    at = text.find('{', at);
    const std::size_t begin = at;
    int depth = 0;
    bool quoted = false;
    for (; at < text.size(); ++at) {
      if (text[at] == '"' && text[at - 1] != '\\') quoted = !quoted;
      if (!quoted && text[at] == '{') ++depth;
      if (!quoted && text[at] == '}' && --depth == 0) break;
    }
    out.push_back(text.substr(begin, at + 1 - begin));
  }
  return out;
}

Result<std::string> prompt_of(const std::string& body, const engine::chat::Template& subject) {
  static const ServerLimits limits;
  const engine::chat::TemplateSet templates = engine::chat::TemplateSet::of(subject);
  QUERN_TRY(const ChatTurn request, parsed(&parse_chat_request, body, RequestRules{limits, 100}));
  QUERN_CHECK(check_template(request.conversation, templates));
  std::uint64_t n_steps = 0;
  return render_prompt(request.conversation, templates, engine::chat::jinja::Limits{}, n_steps);
}

void check_file(const fs::path& file) {
  const json::value document = test::read_json(file);
  if (document.as_object().if_contains("template") == nullptr) return;
  const std::string name(document.at("template").as_string());
  const auto subject = engine::chat::Template::parse(name, read_text(file.parent_path() / name), {"<s>", "</s>"});
  ASSERT_TRUE(subject) << subject.error().detail;
  const std::vector<std::string> bodies = texts_of(read_text(file), "request");
  const json::array& cases = document.at("cases").as_array();
  ASSERT_EQ(bodies.size(), cases.size()) << file;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Result<std::string> got = prompt_of(bodies[i], *subject);
    const json::object& want = cases[i].as_object();
    if (const json::value* const prompt = want.if_contains("prompt"); prompt != nullptr) {
      ASSERT_TRUE(got) << file << ": " << got.error().detail;
      EXPECT_EQ(*got, std::string(prompt->as_string())) << file;
      continue;
    }
    ASSERT_FALSE(got) << file << ", case " << i << " gave " << *got;
    EXPECT_EQ(static_cast<std::int64_t>(error_response(got.error()).status), want.at("status").as_int64());
    EXPECT_NE(got.error().detail.find(std::string(want.at("message_has").as_string())), std::string::npos)
        << got.error().detail;
  }
}

TEST(ChatCases, GiveWhatIsWritten) {
  const char* const shared = std::getenv("QUERN_SHARED_DIR");
  const fs::path folders[] = {
      QUERN_TEST_DATA_DIR "/chat-cases",
      (shared != nullptr ? fs::path(shared) : fs::path(QUERN_SOURCE_DIR) / "../shared") / "cases/chat"};
  std::size_t n_files = 0;
  for (const fs::path& folder : folders) {
    if (!fs::exists(folder)) continue;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() != ".json") continue;
      check_file(entry.path());
      ++n_files;
    }
  }
  EXPECT_GE(n_files, 3u);
}

}  // namespace
}  // namespace quern::server

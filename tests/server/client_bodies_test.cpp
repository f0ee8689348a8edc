// What real clients send, recorded: each body gets an answer, or is refused by name for something that is not built
// yet.
#include "tests/server/server_harness.hpp"
#include "tests/support/golden_json.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>

#include <boost/json/serialize.hpp>

namespace quern::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTemplate =
    "{% if tools %}{{ tools|tojson }}{{ tool_choice }}{% endif %}{% for m in messages %}<{{ m.role }}>{{ m.content }}"
    "{% for c in m.tool_calls or [] %}[{{ c.function.name }} {{ c.function.arguments|tojson }}]{% endfor %}{% endfor "
    "%}";

// Fields that are refused by name until what they ask for is built.
const std::set<std::string> kNotYet{"response_format", "text.format", "format", "output_config.format", "suffix"};

bool wants_eyes(const std::string& reply) {
  return reply.find("cannot see") != std::string::npos || reply.find("only text is supported") != std::string::npos ||
         reply.find("only \\\"text\\\" is supported") != std::string::npos;
}

// Short answers, whatever the client asked for.
void shorten(const std::string& path, json::object& body) {
  if (path.starts_with("/api/")) {
    json::value& options = body["options"];
    if (!options.is_object()) options = json::object();
    options.as_object()["num_predict"] = 2;
  } else {
    body[path.starts_with("/v1/responses") ? "max_output_tokens" : "max_tokens"] = 2;
    body.erase("max_completion_tokens");
  }
}

TEST(ClientBodies, AreAnsweredOrRefusedByName) {
  const char* const variable = std::getenv("QUERN_SHARED_DIR");
  const fs::path shared = variable != nullptr ? fs::path(variable) : fs::path(QUERN_SOURCE_DIR) / "../shared";
  const fs::path folder = shared / "reference" / "clients";
  if (!fs::exists(folder)) GTEST_SKIP() << "no recorded bodies here";
  ServerHarnessOptions options;
  options.chat_template = kTemplate;
  options.embeds = true;
  options.backend.n_pages = 40'000;
  options.backend.limits.max_context = 100'000;
  options.backend.limits.max_tokens_per_step = 4096;
  options.scheduler.prefill_tokens_per_step = 4096;
  ServerHarness server(options);
  std::size_t n_answered = 0, n_later = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    const json::value file = read_json(entry.path());
    const json::object& recorded = file.as_object();
    if (!recorded.contains("body") || !recorded.contains("path")) continue;
    const std::string path(recorded.at("path").as_string());
    json::object body = recorded.at("body").as_object();
    const bool embeds = path.find("embed") != std::string::npos;
    if (body.contains("model")) body["model"] = embeds ? "test-embedder" : "test-model";
    if (!embeds) shorten(path, body);
    const Reply reply = server.post(path, json::serialize(body));
    if (reply.status == 200) {
      EXPECT_EQ(reply.header("x-quern-ignored"), "") << entry.path();
      ++n_answered;
      continue;
    }
    // The harness keeps no models on disk.
    const bool later = reply.status == 501
                           ? path == "/api/pull" || path == "/api/create"
                           : std::ranges::any_of(kNotYet,
                                                 [&](const std::string& field) {
                                                   return reply.body.find(field + ": ") != std::string::npos ||
                                                          reply.body.find("\"" + field + "\"") != std::string::npos;
                                                 }) ||
                                 wants_eyes(reply.body);
    const bool thread = reply.body.find("thread_unsupported_request") != std::string::npos;
    EXPECT_TRUE(later || thread) << entry.path() << ": " << reply.status << " " << reply.body;
    ++n_later;
  }
  std::printf("%zu recorded bodies answered, %zu refused by name\n", n_answered, n_later);
  EXPECT_GT(n_answered, 40u);
}

}  // namespace
}  // namespace quern::test

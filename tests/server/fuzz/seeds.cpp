#include "tests/server/fuzz/seeds.hpp"

#include "server/routes.hpp"
#include "tests/support/golden_json.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <utility>

#include <boost/json/parse.hpp>

namespace quern::test {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

// By what their paths begin with; the last one is for paths that nobody knows here.
struct Written {
  std::string_view path, body;
};
constexpr Written kWritten[]{
    {"/v1/completions",
     R"({"model":"test-model","prompt":["ab",[1,2]],"max_tokens":2,"n":2,"seed":1,"temperature":0.5,"top_p":0.9,"top_k":40,
     "min_p":0.1,"presence_penalty":0.1,"frequency_penalty":0.1,"logit_bias":{"5":1,"6":-1},"stop":["x","y"],"logprobs":2,
     "echo":false,"user":"me","stream":true,"stream_options":{"include_usage":true},"priority":1,"deadline_ms":60000,
     "cache_salt":"s","ignore_eos":true})"},
    {"/v1/completions", R"({"prompt":"abc","max_tokens":3,"stop":"z","logprobs":null,"best_of":1,"suffix":null})"},
    {"/v1/chat/completions",
     R"({"model":"test-model","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"a"}]},
     {"role":"assistant","content":null,"reasoning_content":"r","tool_calls":[{"id":"c","type":"function",
     "function":{"name":"f","arguments":"{\"x\":1}"}}]},{"role":"tool","tool_call_id":"c","content":"y"}],
     "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","properties":{"x":{"type":"integer"}}}}}],
     "tool_choice":"auto","parallel_tool_calls":true,"max_completion_tokens":2,"logprobs":true,"top_logprobs":1,"n":1,
     "reasoning_effort":"low","chat_template_kwargs":{"a":1},"metadata":{"a":"b"},"store":false,"response_format":{"type":"text"},
     "stream":true})"},
    {"/v1/responses",
     R"({"model":"test-model","instructions":"i","input":[{"role":"user","content":[{"type":"input_text","text":"a"}]},
     {"type":"reasoning","id":"r","summary":[],"content":[{"type":"reasoning_text","text":"t"}]},
     {"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"o"}],
     "tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":false},{"type":"namespace","name":"n","description":"d",
     "tools":[{"type":"function","name":"g","parameters":{}}]}],"text":{"format":{"type":"text"}},"reasoning":{"effort":"low"},
     "include":[],"max_output_tokens":2,"temperature":1,"top_p":1,"store":false,"stream":true})"},
    {"/v1/messages",
     R"({"model":"test-model","max_tokens":2,"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],
     "messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":""},
     {"type":"tool_use","id":"c","name":"f","input":{"x":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c",
     "content":[{"type":"text","text":"o"}]}]}],"tools":[{"name":"f","description":"d","input_schema":{"type":"object"}}],
     "tool_choice":{"type":"auto"},"thinking":{"type":"enabled","budget_tokens":1024},"stop_sequences":["x"],"temperature":1,
     "top_k":5,"metadata":{"user_id":"u"},"stream":true})"},
    {"/api/chat",
     R"({"model":"test-model","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","thinking":"t",
     "tool_calls":[{"function":{"name":"f","arguments":{"x":1}}}]},{"role":"tool","content":"o","tool_name":"f"}],
     "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"think":false,"keep_alive":"5m",
     "options":{"num_predict":2,"temperature":0.5,"top_k":5,"top_p":0.9,"seed":1,"stop":["x"],"num_ctx":64},"stream":true})"},
    {"/api/generate",
     R"({"model":"test-model","prompt":"a","system":"s","raw":false,"options":{"num_predict":2},"stream":false})"},
    {"/api/show", R"({"model":"test-model","verbose":false})"},
    {"/tokenize", R"({"content":"abc","add_special":true,"with_pieces":true})"},
    {"/detokenize", R"({"tokens":[1,2,3]})"},
    {"/",
     R"({"model":"test-model","input":["a"],"prompt":"a","content":"a","query":"a","documents":["a","b"],"messages":[{"role":"user",
     "content":"a"}],"max_tokens":2,"n_predict":2,"input_prefix":"a","input_suffix":"b"})"},
};

void add_written(std::string_view path, std::vector<RequestSeed>& out) {
  const std::size_t before = out.size();
  for (const Written& written : kWritten) {
    const bool last = written.path == "/";
    if (last ? out.size() != before : !path.ends_with(written.path) && !path.starts_with(written.path)) continue;
    const json::string_view text(written.body.data(), written.body.size());
    out.push_back({std::string(path), json::parse(text).as_object()});
  }
}

void shorten(RequestSeed& seed) {
  if (seed.path.starts_with("/api/")) {
    json::value& options = seed.body["options"];
    if (!options.is_object()) options = json::object();
    options.as_object()["num_predict"] = 2;
    return;
  }
  seed.body[seed.path.starts_with("/v1/responses") ? "max_output_tokens" : "max_tokens"] = 2;
  seed.body.erase("max_completion_tokens");
}

void add_recorded(std::vector<RequestSeed>& out) {
  const char* const variable = std::getenv("QUERN_SHARED_DIR");
  const fs::path shared = variable != nullptr ? fs::path(variable) : fs::path(QUERN_SOURCE_DIR) / "../shared";
  const fs::path folder = shared / "reference" / "clients";
  if (!fs::exists(folder)) return;
  std::vector<fs::path> files;  // in the same order everywhere
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::ranges::sort(files);
  for (const fs::path& file : files) {
    if (file.extension() != ".json") continue;
    const json::value recorded = read_json(file);
    const json::object& fields = recorded.as_object();
    if (!fields.contains("body") || !fields.contains("path")) continue;
    RequestSeed seed{std::string(fields.at("path").as_string()), fields.at("body").as_object()};
    const std::string path = seed.path.substr(0, seed.path.find('?'));
    if (server::find_route(path, server::beast::http::verb::post, false).route == nullptr) continue;
    seed.body["model"] = "test-model";
    shorten(seed);
    out.push_back(std::move(seed));
  }
}

}  // namespace

std::vector<RequestSeed> request_seeds() {
  std::vector<RequestSeed> out;
  for (const server::Route& route : server::routes()) {
    if (route.takes_json && route.method == server::beast::http::verb::post) add_written(route.pattern, out);
  }
  add_recorded(out);
  return out;
}

}  // namespace quern::test

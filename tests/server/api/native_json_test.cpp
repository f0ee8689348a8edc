#include "server/api/llama_server/completion_json.hpp"
#include "tests/server/api/document_of.hpp"

#include <gtest/gtest.h>

namespace quern::server {
namespace {

const ServerLimits kLimits;
const RequestRules kRules{kLimits, 100};
using Tokens = std::vector<engine::TokenId>;

Result<NativeRequest> parse(std::string_view body) {
  return parsed(&parse_native_request, body, kRules);
}

TEST(NativeRequest, PromptsInParts) {
  const auto request = parse(R"({"prompt":[["a",1,2,"b"],"c",[3]]})");
  ASSERT_TRUE(request) << request.error().detail;
  ASSERT_EQ(request->prompts.size(), 3u);
  ASSERT_EQ(request->prompts[0].size(), 3u);
  EXPECT_EQ(std::get<std::string>(request->prompts[0][0]), "a");
  EXPECT_EQ(std::get<Tokens>(request->prompts[0][1]), (Tokens{1, 2}));
  EXPECT_EQ(std::get<std::string>(request->prompts[0][2]), "b");
  EXPECT_EQ(std::get<std::string>(request->prompts[1][0]), "c");
  EXPECT_EQ(std::get<Tokens>(request->prompts[2][0]), (Tokens{3}));
  EXPECT_EQ(parse(R"({"prompt":["a",1]})")->prompts.size(), 1u) << "a number makes it one prompt";
  EXPECT_EQ(parse(R"({"prompt":["a","b"]})")->prompts.size(), 2u);
}

TEST(NativeRequest, ReadsItsOwnFields) {
  const auto request = parse(R"({"prompt":"a","n_cmpl":3,"n_probs":5,"post_sampling_probs":true,"return_tokens":true,
      "id_slot":2,"n_keep":-1,"n_discard":0,"n_cache_reuse":0,"n_indent":0,"response_fields":[],"cache_prompt":false,
      "t_max_predict_ms":100,"ignore_eos":true})");
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(request->fields.n, 3u);
  EXPECT_TRUE(request->fields.logprobs.wanted && request->fields.logprobs.after_stages && request->fields.tokens);
  EXPECT_EQ(request->fields.logprobs.n_top, 5u);
  EXPECT_FALSE(request->fields.use_cache);
  EXPECT_EQ(request->fields.max_decode, std::chrono::milliseconds(100));
  EXPECT_FALSE(parse(R"({"prompt":"a","n_probs":0})")->fields.logprobs.wanted);
}

TEST(InfillRequest, PromptGoesBehindThePrefix) {
  const auto request = parsed(&parse_infill_request,
                              R"({"input_prefix":"a","input_suffix":"b","prompt":[1,"c"],
                                  "input_extra":[{"filename":"f","text":"t"},{"text":"u"}]})",
                              kRules);
  ASSERT_TRUE(request) << request.error().detail;
  ASSERT_EQ(request->what.prefix.size(), 3u);
  EXPECT_EQ(std::get<std::string>(request->what.prefix[0]), "a");
  EXPECT_EQ(std::get<Tokens>(request->what.prefix[1]), (Tokens{1}));
  EXPECT_EQ(request->what.suffix, "b");
  ASSERT_EQ(request->what.files.size(), 2u);
  EXPECT_EQ(request->what.files[0].name, "f");
  EXPECT_EQ(request->what.files[1].text, "u");
}

}  // namespace
}  // namespace quern::server

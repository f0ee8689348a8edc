#include "server/api/llama_server/completion_writer.hpp"

#include <array>
#include <cmath>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace quern::server {
namespace {

using models::End;
using models::EndReason;
using models::TextDelta;

std::vector<json::value> events_of(std::string_view stream) {
  std::vector<json::value> out;
  while (!stream.empty()) {
    const std::size_t end = stream.find("\n\n");
    EXPECT_TRUE(stream.starts_with("data: ") && end != std::string_view::npos) << stream;
    out.push_back(json::parse(stream.substr(6, end - 6)));
    stream.remove_prefix(end + 2);
  }
  return out;
}

AnswerFacts facts_of_two() {
  AnswerFacts facts;
  facts.choices = {{.n_prompt = 4, .n_generated = 2, .n_cached = 1}, {.n_prompt = 5, .n_generated = 3}};
  facts.status = facts.choices[0];
  return facts;
}

TEST(NativeWriter, EachChoiceEndsWithItsOwnNumbers) {
  NativeWriter writer({.model = "m", .prompts = {"p", "q"}, .settings = "{}", .tokens = true});
  std::string out;
  writer.begin(facts_of_two(), 2, out);
  EXPECT_TRUE(out.empty());
  writer.progress(facts_of_two());
  writer.event(
      TextDelta{.choice = 1, .text = "a\n", .logprobs = {{.text = "a", .token = 7}, {.text = "\n", .token = 8}}}, out);
  writer.event(End{.choice = 1, .reason = EndReason::stop_sequence, .stop_sequence = "S"}, out);
  writer.event(End{.choice = 0, .reason = EndReason::turn}, out);
  const auto events = events_of(out);
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0], json::parse(R"({"index":1,"content":"a\n","tokens":[7,8],"id_slot":0,"stop":false,
                                       "tokens_predicted":3,"tokens_evaluated":5})"));
  EXPECT_EQ(events[1].at("prompt"), "q");
  EXPECT_EQ(events[1].at("has_new_line"), true);
  EXPECT_EQ(events[1].at("stop_type"), "word");
  EXPECT_EQ(events[1].at("stopping_word"), "S");
  EXPECT_EQ(events[2].at("index"), 0);
  EXPECT_EQ(events[2].at("prompt"), "p");
  EXPECT_EQ(events[2].at("has_new_line"), false);
  EXPECT_EQ(events[2].at("stop_type"), "eos");
  EXPECT_EQ(events[2].at("tokens_cached"), 1);
}

TEST(NativeWriter, ProbabilitiesAfterTheSamplers) {
  NativeWriter writer({.model = "m",
                       .prompts = {"p"},
                       .settings = "{}",
                       .logprobs = {.wanted = true, .n_top = 1, .after_stages = true}});
  std::string out;
  writer.begin({}, 1, out);
  writer.event(TextDelta{.text = "a",
                         .logprobs = {{.text = "a",
                                       .bytes = "a",
                                       .logprob = std::log(0.25),
                                       .token = 7,
                                       .top = {{.text = "b", .bytes = "b", .logprob = -9999, .token = 9}}}}},
               out);
  const json::value entry = events_of(out).at(0).at("completion_probabilities").at(0);
  EXPECT_EQ(entry.at("id"), 7);
  EXPECT_NEAR(entry.at("prob").to_number<double>(), 0.25, 1e-12);
  EXPECT_EQ(entry.at("top_probs").at(0).at("id"), 9);
  EXPECT_EQ(entry.at("top_probs").at(0).at("prob").to_number<double>(), 0.0);
}

TEST(NativeWriter, OneChoiceIsAnObjectSeveralAreAnArray) {
  const NativeWriter writer({.model = "m", .prompts = {"p"}, .settings = R"({"x":1})"});
  const std::array one{WholeChoice{.text = "a", .end = EndReason::length}};
  const json::value whole = json::parse(writer.whole(one, facts_of_two()));
  EXPECT_EQ(whole.at("content"), "a");
  EXPECT_EQ(whole.at("generation_settings").at("x"), 1);
  EXPECT_EQ(whole.at("stop_type"), "limit");
  const std::array two{WholeChoice{.text = "a"}, WholeChoice{.text = "b"}};
  EXPECT_EQ(json::parse(writer.whole(two, facts_of_two())).at(1).at("tokens_predicted"), 3);
}

}  // namespace
}  // namespace quern::server

#include "tests/engine/tools/answer_formats.hpp"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

namespace quern::test {

using namespace engine::tools;

bool shows_calls(const engine::chat::Template& subject) {
  const std::string text = answer_of(subject, {{"ping", "{}", "call00001"}}, "null").text;
  return subject.traits().takes_calls && text.find("ping") != std::string::npos;
}

AnswerFormat answer_format(const engine::chat::Template& subject, const std::string& prompt) {
  AnswerFormat out;
  if (auto reasoning = find_reasoning_format(subject); reasoning) {
    out.start = reasoning->start(prompt);
    out.reasoning = std::make_shared<ReasoningFormat>(std::move(*reasoning));
  }
  if (auto calls = find_tool_format(subject); calls) out.calls = std::make_shared<ToolFormat>(std::move(*calls));
  out.tools = std::make_shared<ToolTable>(tools());
  return out;
}

std::vector<Event> parse(const AnswerFormat& format, const std::vector<std::string_view>& pieces) {
  AnswerParser parser(format);
  std::vector<Event> out;
  const auto add = [&](std::vector<Event> more) {
    for (Event& event : more) out.push_back(std::move(event));
  };
  for (const std::string_view piece : pieces) add(parser.append(piece));
  add(parser.finish());
  return out;
}

std::vector<std::string_view> bytes_of(std::string_view text) {
  std::vector<std::string_view> out;
  for (std::size_t i = 0; i < text.size(); ++i) out.push_back(text.substr(i, 1));
  return out;
}

void expect_same_at_every_cut(const AnswerFormat& format, std::string_view text, const Said& whole) {
  EXPECT_EQ(said(parse(format, bytes_of(text))), whole) << text;
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const Said cut_once = said(parse(format, {text.substr(0, cut), text.substr(cut)}));
    if (cut_once == whole) continue;
    ADD_FAILURE() << "cut at " << cut << " of " << text;
    return;
  }
  std::mt19937 random(7);
  for (int i = 0; i < 20; ++i) {
    std::vector<std::string_view> pieces;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t n = std::min<std::size_t>(1 + random() % 9, text.size() - at);
      pieces.push_back(text.substr(at, n));
      at += n;
    }
    EXPECT_EQ(said(parse(format, pieces)), whole);
  }
}

}  // namespace quern::test

// The grammar of calls accepts what templates write, and nothing after the mark of a call that is no call of the tools.
#include "engine/grammar/matcher.hpp"
#include "engine/grammar/token_index.hpp"
#include "engine/tools/call_grammar.hpp"
#include "engine/tools/call_writer.hpp"
#include "tests/engine/tools/answer_formats.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace quern::test {
namespace {

using namespace engine::tools;
using engine::TokenId;
using engine::TokenKind;
using engine::grammar::CompiledGrammar;
using engine::grammar::GrammarVocabulary;
using engine::grammar::Matcher;

// Bytes, and some marks that are control tokens.
class MarkTokenizer final : public engine::Tokenizer {
 public:
  explicit MarkTokenizer(std::vector<std::string> marks) {
    for (int byte = 0; byte < 256; ++byte) pieces_.emplace_back(1, static_cast<char>(byte));
    pieces_.insert(pieces_.end(), marks.begin(), marks.end());
  }
  Result<std::vector<TokenId>> encode(std::string_view, engine::EncodeOptions) const override { return {}; }
  std::string piece(TokenId id, bool) const override { return std::string(token_text(id)); }
  std::string decode(std::span<const TokenId>, bool) const override { return {}; }
  std::uint32_t n_vocab() const noexcept override { return static_cast<std::uint32_t>(pieces_.size()); }
  TokenKind kind(TokenId id) const noexcept override { return id < 256 ? TokenKind::normal : TokenKind::control; }
  std::string_view token_text(TokenId id) const noexcept override { return pieces_[static_cast<std::size_t>(id)]; }
  const engine::SpecialTokens& special() const noexcept override { return special_; }
  bool is_end_of_generation(TokenId) const noexcept override { return false; }
  bool adds_space_prefix() const noexcept override { return false; }

  // The longest mark at each place is its token.
  std::vector<TokenId> tokens(std::string_view text) const {
    std::vector<TokenId> out;
    while (!text.empty()) {
      std::size_t best = static_cast<unsigned char>(text.front());
      for (std::size_t i = 256; i < pieces_.size(); ++i) {
        if (text.starts_with(pieces_[i]) && (best < 256 || pieces_[i].size() > pieces_[best].size())) best = i;
      }
      out.push_back(static_cast<TokenId>(best));
      text.remove_prefix(pieces_[best].size());
    }
    return out;
  }

 private:
  std::vector<std::string> pieces_;
  engine::SpecialTokens special_;
};

class Checker {
 public:
  Checker(const ToolFormat& format, const CallRules& rules, bool as_tokens, std::vector<Tool> own = tools())
      : tokenizer_(as_tokens ? format.marks : std::vector<std::string>()) {
    engine::grammar::Grammar grammar;
    const auto calls = add_calls(grammar, format, own, rules);
    if (!calls) {
      problem = calls.error().detail;
      return;
    }
    grammar.set_root(*calls);
    auto compiled = CompiledGrammar::compile(grammar, std::make_shared<GrammarVocabulary>(tokenizer_));
    if (compiled)
      compiled_ = *compiled;
    else
      problem = compiled.error().detail;
  }

  // How much of the text is allowed; all of it and more: it may end there.
  std::size_t accepted(std::string_view text) const {
    Matcher matcher(compiled_);
    std::size_t at = 0;
    for (const TokenId token : tokenizer_.tokens(text)) {
      if (!matcher.accept(token)) return at;
      at += tokenizer_.token_text(token).size();
    }
    return matcher.may_end() ? at + 1 : at;
  }
  bool accepts(std::string_view text) const { return compiled_ != nullptr && accepted(text) == text.size() + 1; }

  std::string problem;

 private:
  MarkTokenizer tokenizer_;
  std::shared_ptr<const CompiledGrammar> compiled_;
};

struct Format {
  std::string name;
  ToolFormat format;
  const engine::chat::Template* subject;
};
std::vector<Format> formats() {
  std::vector<Format> out;
  for (const auto& [name, subject] : tool_templates()) {
    auto format = find_tool_format(subject);
    if (format) out.push_back({name, std::move(*format), &subject});
  }
  return out;
}

CallRules rules(CallChoice choice, std::string name = "", bool parallel = true) {
  CallRules out;
  out.choice = choice;
  out.name = std::move(name);
  out.parallel = parallel;
  return out;
}

// What a template writes, from the first mark of a call on.
std::string call_text(const Format& f, const std::vector<Call>& calls) {
  std::string text = answer_of(*f.subject, calls, "null").text;
  std::size_t begin = f.format.bare || f.format.syntax == Syntax::harmony || f.format.recipients ? 0 : text.size();
  for (const auto& trigger : f.format.triggers()) begin = std::min(begin, text.find(trigger.text));
  return text.substr(std::min(begin, text.size()));
}

std::string written(const ToolFormat& format, std::vector<WrittenCall> calls) {
  std::string out = write_calls(format, calls).value();
  if (format.syntax == Syntax::harmony) out.resize(out.rfind("<|call|>"));
  if (format.recipients) out.erase(0, 3);
  return out;
}

constexpr const char* kCalls[][2] = {
    {"get_weather", R"({"city": "Zürich \"x\" 你", "unit": "celsius"})"},
    {"get_weather", R"({"city": "Paris"})"},
    {"write_file", R"({"path": "a", "text": "one\n two <b> {\"x\": 1}"})"},
    {"compute", R"({"a": 12345678901234567890123, "b": -0.5, "c": 3, "precise": true, "nothing": null})"},
    {"nested", R"({"options": {"a": {"b": [1, {"c": "d"}, []]}}, "list": [1, "two", null, true]})"},
    {"ping", "{}"},
};

TEST(CallGrammar, AcceptsWhatTemplatesWrite) {
  for (const Format& f : formats()) {
    SCOPED_TRACE(f.name);
    for (const bool as_tokens : {false, true}) {
      const Checker automatic(f.format, rules(CallChoice::automatic), as_tokens);
      const Checker required(f.format, rules(CallChoice::required), as_tokens);
      ASSERT_EQ(automatic.problem + required.problem, "");
      for (const auto& [name, arguments] : kCalls) {
        const bool counted = f.format.ids == engine::chat::CallIds::counted;
        const Call call{name, arguments, counted ? std::string("functions.") + name + ":0" : "call00001"};
        std::vector<std::string> texts{written(f.format, {{call.id, call.name, call.arguments}})};
        const bool is_complete = f.name.find("R1-Distill") == std::string::npos;  // leaves out the last mark
        if (shows_calls(*f.subject) && is_complete) texts.push_back(call_text(f, {call}));
        for (const std::string& text : texts) {
          EXPECT_EQ(required.accepted(text), text.size() + 1) << text;
          EXPECT_EQ(automatic.accepted(text), text.size() + 1) << text;
          if (HasFailure()) return;
        }
      }
    }
  }
}

TEST(CallGrammar, TextIsFreeUntilACallBegins) {
  for (const Format& f : formats()) {
    SCOPED_TRACE(f.name);
    if (f.format.syntax == Syntax::harmony || f.format.recipients) continue;
    for (const bool as_tokens : {false, true}) {
      const Checker automatic(f.format, rules(CallChoice::automatic), as_tokens);
      const Checker required(f.format, rules(CallChoice::required), as_tokens);
      for (const char* const text :
           {"", "Hello.", "{\"a\": 1}", "[1, 2]", "a < b and [x] or <b>bold</b>\n\n```json\n{}```"}) {
        EXPECT_TRUE(automatic.accepts(text)) << text;
        EXPECT_FALSE(required.accepts(text)) << text;
      }
      const std::string call = written(f.format, {{"call00001", "get_weather", R"({"city": "Paris"})"}});
      EXPECT_TRUE(f.format.bare || automatic.accepts("Let me see.\n" + call)) << call;
      EXPECT_FALSE(required.accepts("Let me see.\n" + call));
      // Cut short it is no answer.
      EXPECT_FALSE(automatic.accepts(call.substr(0, call.rfind("ris")))) << call;
    }
  }
}

TEST(CallGrammar, OnlyCallsOfTheToolsWithValidArguments) {
  for (const Format& f : formats()) {
    SCOPED_TRACE(f.name);
    if (f.format.bare) continue;  // other JSON is text there
    const Checker automatic(f.format, rules(CallChoice::automatic), true);
    const auto refused = [&](const char* name, const char* arguments) {
      const std::string call = written(f.format, {{"call00001", name, arguments}});
      return !automatic.accepts(call);
    };
    EXPECT_TRUE(refused("get_whether", R"({"city": "Paris"})"));
    EXPECT_TRUE(refused("get_weather", R"({"unit": "celsius"})"));
    EXPECT_TRUE(refused("get_weather", R"({"city": "Paris", "unit": "kelvin"})"));
    EXPECT_TRUE(refused("compute", R"({"a": "x y"})"));
    EXPECT_TRUE(refused("compute", R"({"c": 1.5})"));
    EXPECT_TRUE(refused("nested", R"({"list": {}})"));
  }
}

TEST(CallGrammar, NamedAndSingleCalls) {
  for (const Format& f : formats()) {
    SCOPED_TRACE(f.name);
    const Checker named(f.format, rules(CallChoice::named, "ping"), true);
    EXPECT_TRUE(named.accepts(written(f.format, {{"call00001", "ping", "{}"}})));
    EXPECT_FALSE(named.accepts(written(f.format, {{"call00001", "get_weather", R"({"city": "x"})"}})));
    if (!f.format.parallel || f.format.syntax == Syntax::harmony) continue;
    const std::string two =
        written(f.format, {{"call00001", "ping", "{}"}, {"call00002", "get_weather", R"({"city": "x"})"}});
    EXPECT_FALSE(named.accepts(two));
    for (const CallChoice choice : {CallChoice::automatic, CallChoice::required}) {
      EXPECT_TRUE(Checker(f.format, rules(choice), true).accepts(two)) << two;
      EXPECT_FALSE(Checker(f.format, rules(choice, "", false), true).accepts(two)) << two;
    }
    if (HasFailure()) return;
  }
}

TEST(CallGrammar, WhatAStrictToolAsksForIsEnforcedOrRefused) {
  const auto tool = [](bool strict) {
    return std::vector<Tool>{
        {"f", boost::json::parse(R"({"type":"object","properties":{"x":{"type":"string","pattern":"^a+$"}}})"),
         strict}};
  };
  for (const Format& f : formats()) {
    SCOPED_TRACE(f.name);
    std::vector<std::string> ignored;
    CallRules loose = rules(CallChoice::required);
    loose.ignored = &ignored;
    EXPECT_EQ(Checker(f.format, loose, false, tool(false)).problem, "");
    const bool raw = f.format.syntax == Syntax::parameters || f.format.syntax == Syntax::quoted;
    engine::grammar::Grammar grammar;
    const auto strict = add_calls(grammar, f.format, tool(true), rules(CallChoice::required));
    EXPECT_EQ(strict.has_value(), !raw);
    EXPECT_EQ(ignored, raw ? std::vector<std::string>{"f#/properties/x/pattern"} : std::vector<std::string>{});
    EXPECT_TRUE(strict || strict.error().field == "#/properties/x/pattern");
  }
  EXPECT_EQ(Checker(*find_tool_format(tool_templates()[0].value), rules(CallChoice::named, "nobody"), false).problem,
            "tool_choice: no tool is called 'nobody'");
}

}  // namespace
}  // namespace quern::test

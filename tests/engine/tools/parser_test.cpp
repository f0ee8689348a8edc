// Texts that models write, as they are and broken.
#include "engine/tools/call_writer.hpp"
#include "engine/tools/families.hpp"
#include "tests/engine/tools/answer_formats.hpp"
#include "tests/engine/tools/canonical_json.hpp"

#include <gtest/gtest.h>

namespace quern::test {
namespace {

using namespace engine::tools;

const engine::chat::Template& find_template(std::string_view name) {
  for (const auto& each : tool_templates()) {
    if (each.name == name) return each.value;
  }
  throw std::runtime_error("no template " + std::string(name));
}

AnswerFormat format_of(std::string_view name) {
  AnswerFormat out = answer_format(find_template(name), "");
  out.reasoning = nullptr;
  return out;
}

Said read(const AnswerFormat& format, std::string_view text) {
  const Said whole = said(parse(format, {text}));
  expect_same_at_every_cut(format, text, whole);
  return whole;
}

using Calls = std::vector<Call>;
const Calls kParis{{"get_weather", R"({"city":"Paris"})", ""}};

TEST(Hermes, TextAroundCallsStaysWithoutTheBlanksBesideThem) {
  const AnswerFormat hermes = format_of("Qwen-Qwen2.5-7B-Instruct");
  const std::string call =
      "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}\n</tool_call>";
  EXPECT_EQ(read(hermes, call), (Said{"", "", kParis}));
  EXPECT_EQ(read(hermes, "Let me look. \n\n" + call + "\n"), (Said{"", "Let me look.", kParis}));
  EXPECT_EQ(read(hermes, " a " + call + "\n b \n" + call + "\n c "), (Said{"", " abc ", {kParis[0], kParis[0]}}));
  EXPECT_EQ(read(hermes, "  no call \n "), (Said{"", "  no call \n ", {}}));
}

TEST(Hermes, TakesWhatModelsWriteBesidesTheForm) {
  const AnswerFormat hermes = format_of("Qwen-Qwen2.5-7B-Instruct");
  for (
      const char* const text :
      {R"(<tool_call>{"name":"get_weather","arguments":{"city":"Paris"}}</tool_call>)",
       R"(<tool_call> {"arguments": {"city": "Paris"}, "name": "get_weather"} </tool_call>)",
       R"(<tool_call>{"name": "get_weather", "parameters": {"city": "Paris"}}</tool_call>)",
       R"(<tool_call>{"name": "get_weather", "arguments": "{\"city\": \"Paris\"}"}</tool_call>)",
       R"(<tool_call>{"type": "function", "function": {"name": "get_weather", "arguments": {"city": "Paris"}}}</tool_call>)",
       R"(<tool_call>[{"name": "get_weather", "arguments": {"city": "Paris"}}]</tool_call>)",
       R"(<tool_call>{"name": "get_weather", "x": [1, {"y": null}], "arguments": {"city": "Paris"}})",
       R"(<tool_call>{"name": "get_weather", "arguments": {"city": "Paris"}}</tool_)"}) {
    EXPECT_EQ(read(hermes, text), (Said{"", "", kParis})) << text;
  }
  EXPECT_EQ(read(hermes, R"(<tool_call>{"name": "ping"}</tool_call>)").calls, (Calls{{"ping", "{}", ""}}));
  EXPECT_EQ(read(hermes, R"(<tool_call>{"name": "ping", "arguments": null}</tool_call>)").calls,
            (Calls{{"ping", "{}", ""}}));
  EXPECT_EQ(read(hermes, R"(<tool_call>{"name": "unknown", "arguments": {"x": 1}}</tool_call>)").calls,
            (Calls{{"unknown", R"({"x":1})", ""}}));
  EXPECT_EQ(read(hermes, R"(<tool_call>{"id": "abc", "name": "ping", "arguments": {}}</tool_call>)").calls,
            (Calls{{"ping", "{}", "abc"}}));
}

TEST(Hermes, WhatIsNoCallIsText) {
  const AnswerFormat hermes = format_of("Qwen-Qwen2.5-7B-Instruct");
  for (const char* const text :
       {"<tool_call>", "<tool_call>\n", "<tool_call>{}</tool_call>", "<tool_call>[]</tool_call>",
        "<tool_call>x</tool_call>", "<tool_call>{\"name\": \"f\", \"arguments\": [1]}</tool_call>",
        "<tool_call>{\"arguments\": {}}</tool_call>", "<tool_call>{\"name\": \"\", \"arguments\": {}}</tool_call>",
        "use <tool_call> to call", "<tool_call>{\"name\": 5", "<tool_call></tool_call> a", "<<tool_call",
        "<tool_call>{\"name\": \"f\", \"name\": \"g"}) {
    EXPECT_EQ(read(hermes, text), (Said{"", text, {}})) << text;
  }
  // Behind what is none there may be one.
  EXPECT_EQ(read(hermes, R"(<tool_call><tool_call>{"name": "ping", "arguments": {}}</tool_call>)"),
            (Said{"", "<tool_call>", {{"ping", "{}", ""}}}));
  EXPECT_EQ(read(hermes, R"(<tool_call>{"name<tool_call>{"name": "ping", "arguments": {}}</tool_call>)").text,
            R"(<tool_call>{"name<tool_call>{"name": "ping", "arguments": {}}</tool_call>)");
}

TEST(Hermes, ACallThatBreaksOffIsTakenBack) {
  const AnswerFormat hermes = format_of("Qwen-Qwen2.5-7B-Instruct");
  const std::string text = R"(see <tool_call>{"name": "ping", "arguments": {"a": 1, b}})";
  const Said all = said(parse(hermes, {text}), false);
  EXPECT_TRUE(all.broken);
  EXPECT_EQ(all.text, R"(see<tool_call>{"name": "ping", "arguments": {"a": 1, b}})");
  ASSERT_EQ(all.calls.size(), 1u);
  EXPECT_EQ(all.calls[0].arguments, R"({"a": 1, )");
}

TEST(Hermes, ArgumentsAreStreamedAndRawControlCharactersEscaped) {
  const AnswerFormat hermes = format_of("Qwen-Qwen2.5-7B-Instruct");
  AnswerParser parser(hermes);
  EXPECT_TRUE(parser.append("<tool_call>{\"name\": \"get_weather\", \"arg").empty());
  EXPECT_EQ(parser.append("uments\": {\"city\": \"Pa"),
            (std::vector<Event>{CallBegin{0, "", "get_weather"}, CallArguments{0, "{\"city\": \"Pa"}}));
  EXPECT_EQ(parser.append("r\n\x01"), (std::vector<Event>{CallArguments{0, "r\\n\\u0001"}}));
  EXPECT_EQ(parser.append("is\"}}"), (std::vector<Event>{CallArguments{0, "is\"}"}, CallEnd{0}}));
  EXPECT_TRUE(parser.append("\n</tool_call>\n").empty());
  EXPECT_TRUE(parser.finish().empty());
}

TEST(Parameters, ValuesAreWhatTheSchemaSays) {
  const AnswerFormat qwen = format_of("Qwen3-Coder");
  const auto value = [&](const char* tool, const char* name, const std::string& text) {
    const Said out = read(qwen, std::string("<tool_call>\n<function=") + tool + ">\n<parameter=" + name + ">\n" + text +
                                    "\n</parameter>\n</function>\n</tool_call>");
    return out.calls.size() == 1 ? out.calls[0].arguments : "text: " + out.text;
  };
  EXPECT_EQ(value("write_file", "text", "5"), R"({"text":"5"})");
  EXPECT_EQ(value("write_file", "text", "\n{\"a\": [1]}\n\n"), R"({"text":"\n{\"a\": [1]}\n\n"})");
  EXPECT_EQ(value("write_file", "text", "a </parameter"), R"({"text":"a </parameter"})");
  EXPECT_EQ(value("compute", "a", "5.0e-400"), R"({"a":5.0e-400})");
  EXPECT_EQ(value("compute", "a", " 123456789012345678901234567890 "), R"({"a":123456789012345678901234567890})");
  EXPECT_EQ(value("compute", "a", "five"), R"({"a":"five"})");
  EXPECT_EQ(value("compute", "precise", "True"), R"({"precise":true})");
  EXPECT_EQ(value("compute", "precise", "false"), R"({"precise":false})");
  EXPECT_EQ(value("compute", "nothing", "None"), R"({"nothing":null})");
  EXPECT_EQ(value("compute", "nothing", "5"), R"({"nothing":"5"})");
  EXPECT_EQ(value("nested", "list", "[1,\n 2]"), R"({"list":[1,2]})");
  EXPECT_EQ(value("nested", "list", "[1, 2"), R"({"list":"[1, 2"})");
  EXPECT_EQ(value("unknown", "x", "5"), R"({"x":5})");
  EXPECT_EQ(value("unknown", "x", "\"5\""), R"({"x":"5"})");
  EXPECT_EQ(value("unknown", "x", "5 apples"), R"({"x":"5 apples"})");
}

TEST(Parameters, TextsAreStreamed) {
  AnswerParser parser(format_of("Qwen3-Coder"));
  EXPECT_TRUE(parser.append("<tool_call>\n<function=write_file>\n").empty());
  EXPECT_EQ(parser.append("<parameter=text>\nab\n"),
            (std::vector<Event>{CallBegin{0, "", "write_file"}, CallArguments{0, "{\"text\": \"ab"}}));
  EXPECT_EQ(parser.append("c</par"), (std::vector<Event>{CallArguments{0, "\\nc"}}));
  EXPECT_EQ(parser.append("a</parameter>"), (std::vector<Event>{CallArguments{0, "</para\""}}));
}

TEST(Parameters, GlmMayLeaveOutLineBreaksAndCallWithoutAny) {
  const AnswerFormat glm = format_of("GLM-4.6");
  EXPECT_EQ(read(glm, "<tool_call>get_weather<arg_key>city</arg_key><arg_value>Paris</arg_value></tool_call>").calls,
            kParis);
  EXPECT_EQ(read(glm, "x\n<tool_call>ping</tool_call>"), (Said{"", "x", {{"ping", "{}", ""}}}));
  EXPECT_EQ(read(glm, "<tool_call>{\"name\": 1}</tool_call>").text, "<tool_call>{\"name\": 1}</tool_call>");
}

TEST(Bare, OnlyACallOfAToolAtTheBeginningIsOne) {
  const AnswerFormat llama = format_of("meta-llama-Llama-3.1-8B-Instruct");
  EXPECT_EQ(read(llama, R"({"name": "get_weather", "parameters": {"city": "Paris"}})").calls, kParis);
  EXPECT_EQ(
      read(llama, "\n {\"type\": \"function\", \"name\": \"get_weather\", \"parameters\": {\"city\": \"Paris\"}}\n")
          .calls,
      kParis);
  EXPECT_EQ(
      read(llama, R"({"name": "ping", "parameters": {}}; {"name": "get_weather", "parameters": {"city": "Paris"}})")
          .calls.size(),
      2u);
  EXPECT_EQ(read(llama, R"(<|python_tag|>{"name": "other", "parameters": {}})").calls, (Calls{{"other", "{}", ""}}));
  for (const char* const text : {R"({"name": "John", "parameters": {"age": 3}})", R"({"name": "ping", "age": 3})",
                                 R"({"name": "ping"})", R"({"a": 1})", R"(It is {"name": "ping", "parameters": {}})",
                                 R"({"name": "ping", "parameters": [1]})", "{", " {\n"}) {
    EXPECT_EQ(read(llama, text), (Said{"", text, {}})) << text;
  }
}

TEST(Pythonic, ListsLinesAndValues) {
  const AnswerFormat lfm = format_of("LFM2-8B-A1B");
  EXPECT_EQ(read(lfm, "<|tool_call_start|>[get_weather(city=\"Paris\")]<|tool_call_end|>").calls, kParis);
  EXPECT_EQ(read(lfm, "<|tool_call_start|>[get_weather('Paris'), ping()]<|tool_call_end|>Done"),
            (Said{"", "Done", {kParis[0], {"ping", "{}", ""}}}));
  EXPECT_EQ(
      read(
          lfm,
          R"(<|tool_call_start|>[nested(options={'a': (1, 2.), "b": None, 'c': "it's \x41\u00fc\n"}, list=[True, -.5])]<|tool_call_end|>)")
          .calls,
      (Calls{{"nested", R"({"list":[true,-0.5],"options":{"a":[1,2.0],"b":null,"c":"it's Aü\n"}})", ""}}));
  EXPECT_EQ(read(lfm, "<|tool_call_start|>[f(]<|tool_call_end|>").text, "<|tool_call_start|>[f(]<|tool_call_end|>");
  const AnswerFormat olmo = format_of("olmo-3");
  EXPECT_EQ(read(olmo, "Hm.\n<function_calls>\nping()\nget_weather(city='Paris')\n</function_calls>\n"),
            (Said{"", "Hm.", {{"ping", "{}", ""}, kParis[0]}}));
  const AnswerFormat llama = format_of("llama-4-pythonic");
  EXPECT_EQ(read(llama, "[get_weather(city=\"Paris\")]").calls, kParis);
  EXPECT_EQ(read(llama, "<|python_start|>[other(x=1)]<|python_end|>").calls, (Calls{{"other", R"({"x":1})", ""}}));
  for (const char* const text : {"[1, 2]", "[unknown(x=1)]", "[ping] x", "see [ping()]"})
    EXPECT_EQ(read(llama, text), (Said{"", text, {}})) << text;
}

TEST(NamedJson, IdsAndSections) {
  const AnswerFormat kimi = format_of("moonshotai-Kimi-K2");
  const std::string call =
      "<|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>{\"city\": \"Paris\"}<|tool_call_end|>";
  const Calls want{{"get_weather", R"({"city":"Paris"})", "functions.get_weather:0"}};
  EXPECT_EQ(read(kimi, "<|tool_calls_section_begin|>" + call + "<|tool_calls_section_end|>").calls, want);
  EXPECT_EQ(read(kimi, call).calls, want);  // models forget the section
  const AnswerFormat mistral = format_of("Mistral-Small-3.2-24B-Instruct-2506");
  EXPECT_EQ(read(mistral, "[TOOL_CALLS]get_weather[CALL_ID]abcdefghi[ARGS]{\"city\": \"Paris\"}").calls,
            (Calls{{"get_weather", R"({"city":"Paris"})", "abcdefghi"}}));
  EXPECT_EQ(read(mistral, "[TOOL_CALLS]get_weather[ARGS]{\"city\": \"Paris\"}[TOOL_CALLS]ping[ARGS]{}").calls,
            (Calls{kParis[0], {"ping", "{}", ""}}));
  EXPECT_EQ(read(mistral, "[TOOL_CALLS] not one").text, "[TOOL_CALLS] not one");
}

TEST(Harmony, ChannelsAreThoughtsTextAndCalls) {
  AnswerFormat gpt = answer_format(find_template("openai-gpt-oss-120b"), "");
  const std::string thought = "<|channel|>analysis<|message|> think \n<|end|>";
  EXPECT_EQ(read(gpt, thought + "<|start|>assistant<|channel|>final<|message|>Hello."), (Said{"think", "Hello.", {}}));
  EXPECT_EQ(
      read(gpt, thought +
                    "<|start|>assistant<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>"
                    "{\"city\": \"Paris\"}<|call|>"),
      (Said{"think", "", kParis}));
  EXPECT_EQ(read(gpt, " to=functions.get_weather<|channel|>commentary json<|message|>{\"city\":\"Paris\"}").calls,
            kParis);
  EXPECT_EQ(read(gpt,
                 "<|channel|>commentary<|message|>I look.<|end|><|start|>assistant<|channel|>commentary "
                 "to=functions.ping<|message|>{}<|call|>"),
            (Said{"", "I look.", {{"ping", "{}", ""}}}));
  EXPECT_EQ(read(gpt, thought + thought.substr(0, thought.size() - 7)), (Said{"think\n\nthink", "", {}}));
  EXPECT_EQ(read(gpt, "no channels"), (Said{"", "no channels", {}}));
  EXPECT_EQ(read(gpt, "<|channel|>commentary to=python<|message|>print(1)"),
            (Said{"", "<|channel|>commentary to=python<|message|>print(1)", {}}));
  EXPECT_EQ(read(gpt, "<|channel|>anal"), (Said{}));
  gpt.calls = nullptr;
  EXPECT_EQ(read(gpt, thought + "<|start|>assistant<|channel|>final<|message|>Hi"), (Said{"think", "Hi", {}}));
}

TEST(Recipients, TheFirstMarkIsThePrompts) {
  const AnswerFormat f = format_of("functionary-v3.2");
  EXPECT_EQ(read(f, "all\nHello."), (Said{"", "Hello.", {}}));
  EXPECT_EQ(read(f, "get_weather\n{\"city\": \"Paris\"}").calls, kParis);
  EXPECT_EQ(read(f, "all\nI look.\n>>>ping\n{}>>>get_weather\n{\"city\": \"Paris\"}"),
            (Said{"", "I look.", {{"ping", "{}", ""}, kParis[0]}}));
  EXPECT_EQ(read(f, "Hello there"), (Said{"", "Hello there", {}}));
}

// Whatever a format is, cut off anywhere its text is kept: as text, or as arguments that have been given already.
TEST(CutOff, EveryFormatAtEveryByte) {
  for (const auto& [name, subject] : tool_templates()) {
    SCOPED_TRACE(name);
    AnswerFormat format = answer_format(subject, "");
    format.reasoning = nullptr;
    ASSERT_NE(format.calls, nullptr);
    const bool counted = format.calls->ids == engine::chat::CallIds::counted;
    const std::vector<WrittenCall> calls{
        {counted ? "functions.write_file:0" : "call00001", "write_file", R"({"path": "a", "text": "line\n\"two\" ü"})"},
        {counted ? "functions.compute:1" : "call00002", "compute", R"({"a": 1, "b": -2.5})"}};
    const bool single = format.calls->syntax == Syntax::harmony;
    std::string text = write_calls(*format.calls, std::span(calls).first(single ? 1 : 2)).value();
    if (format.calls->recipients) text.erase(0, 3);
    EXPECT_EQ(said(parse(format, {text})).calls.size(), single ? 1u : 2u) << text;
    EXPECT_EQ(said(parse(format, {text})).text, "") << text;
    for (std::size_t n = 0; n < text.size(); ++n) {
      const std::string_view part = std::string_view(text).substr(0, n);
      const Said cut = said(parse(format, bytes_of(part)), false);
      EXPECT_EQ(cut, said(parse(format, {part}), false));
      EXPECT_TRUE(single || !cut.calls.empty() || cut.text == part) << part;
      EXPECT_TRUE(!cut.broken || part.ends_with(cut.text)) << part;
      if (HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace quern::test

#include "engine/chat/template.hpp"

#include "engine/chat/jinja/json.hpp"

#include <gtest/gtest.h>

namespace quern::engine::chat {
namespace {

Template parse(std::string_view source) {
  return Template::parse("test", source, {"<s>", "</s>"}).value();
}

Result<std::string> try_render(const Template& subject, std::string_view messages, std::string_view tools = "") {
  Inputs inputs;
  inputs.messages = jinja::parse_json(*inputs.heap, messages);
  if (!tools.empty()) inputs.tools = jinja::parse_json(*inputs.heap, tools);
  return subject.render(inputs);
}

std::string render(std::string_view source, std::string_view messages) {
  const Result<std::string> out = try_render(parse(source), messages);
  return out ? *out : "error: " + out.error().detail;
}

constexpr const char* kHello = R"([{"role":"user","content":"Hi"}])";
constexpr const char* kParts = R"([{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}])";

TEST(ChatTemplate, GetsWhatTransformersGives) {
  EXPECT_EQ(render("{{ bos_token }}{{ messages[0].content }}{{ eos_token }}{{ tools }}{{ documents }}{{ "
                   "add_generation_prompt }}",
                   kHello),
            "<s>Hi</s>NoneNoneTrue");
}

TEST(ChatTemplate, ASyntaxErrorNamesTemplateAndLine) {
  const Result<Template> bad = Template::parse("mine.jinja", "a\n{% if %}", {});
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, Errc::bad_input);
  EXPECT_EQ(bad.error().detail, "chat template 'mine.jinja', line 2: found '%}', expected an expression");
}

TEST(ChatTemplate, WhatTheTemplateRefusesIsTheClientsError) {
  const Template subject =
      parse("{{ messages[0].content }}{% if messages|length > 1 %}\n{{ raise_exception('one only') }}{% endif %}");
  const Result<std::string> out =
      try_render(subject, R"([{"role":"user","content":"a"},{"role":"user","content":"b"}])");
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, Errc::bad_input);
  EXPECT_EQ(out.error().field, "messages");
  EXPECT_EQ(out.error().detail, "messages: chat template 'test', line 2, refuses them: one only");
  EXPECT_EQ(try_render(parse("a\n{{ messages[0].x.y }}"), kHello).error().detail,
            "messages: chat template 'test', line 2: a mapping has nothing called 'x'");
}

TEST(ChatTemplate, PartsAreJoinedForTemplatesThatTakeStrings) {
  EXPECT_EQ(render("{{ messages[0].content }}", kParts), "a\nb");
  EXPECT_EQ(render("{{ messages[0].content + '!' }}", kParts), "a\nb!");
}

TEST(ChatTemplate, PartsStayForTemplatesThatTakeThem) {
  const std::string both =
      "{% for m in messages %}{% if m.content is string %}{{ m.content }}{% else %}{% for p in m.content %}<{{ p.text "
      "}}>{% endfor %}{% endif %}{% endfor %}";
  EXPECT_EQ(render(both, kParts), "<a><b>");
  EXPECT_EQ(render(both, kHello), "Hi");
  const std::string parts_only =
      "{% for m in messages %}{% for p in m.content %}<{{ p['text'] }}>{% endfor %}{% endfor %}";
  EXPECT_EQ(render(parts_only, kHello), "<Hi>");
}

TEST(ChatTemplate, AbsentToolsAreUndefinedWhereNoneIsAFailure) {
  const std::string source = "{{ messages[0].content }}{% if tools is defined %}{{ tools|length }}{% endif %}";
  EXPECT_TRUE(parse(source).traits().absent_is_undefined);
  EXPECT_EQ(render(source, kHello), "Hi");
  EXPECT_FALSE(parse("{{ messages[0].content }}{{ tools is none }}").traits().absent_is_undefined);
}

constexpr const char* kCall = R"([{"role":"user","content":"q"},{"role":"assistant","content":null,"tool_calls":[
  {"id":"1","type":"function","function":{"name":"f","arguments":"{\"a\": 1}"}}]}])";

TEST(ChatTemplate, ArgumentsHaveTheFormThatTheTemplateKnows) {
  const std::string head = "{{ messages[0].content }}{% for c in messages[1].tool_calls %}";
  EXPECT_EQ(render(head + "{{ c.function.arguments|tojson }}{% endfor %}", kCall), R"(q{"a": 1})");
  EXPECT_EQ(
      render(head + "{% for k, v in c.function.arguments.items() %}{{ k }}={{ v }}{% endfor %}{% endfor %}", kCall),
      "qa=1");
  EXPECT_EQ(render(head + "{{ 'args: ' + c.function.arguments }}{% endfor %}", kCall), R"(qargs: {"a": 1})");
}

TEST(ChatTemplate, ACallWithoutArgumentsHasNone) {
  const std::string as_object =
      "{{ messages[0].content }}{% for c in messages[1].tool_calls %}{{ c.function.arguments|tojson }}{% endfor %}";
  const std::string as_text =
      "{{ messages[0].content }}{% for c in messages[1].tool_calls %}{{ '' + c.function.arguments }}{% endfor %}";
  for (const char* arguments : {"null", R"("")", R"(" \n ")", R"("null")", "{}", R"("{}")"}) {
    const std::string messages = std::string(R"([{"role":"user","content":"q"},{"role":"assistant","content":null,
        "tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":)") +
                                 arguments + "}}]}]";
    EXPECT_EQ(render(as_object, messages), "q{}") << arguments;
    EXPECT_EQ(render(as_text, messages), "q{}") << arguments;
  }
}

TEST(ChatTemplate, ArgumentsKeepTheirNumbers) {
  const char* const messages = R"([{"role":"user","content":"q"},{"role":"assistant","content":null,"tool_calls":[
    {"id":"1","type":"function","function":{"name":"f","arguments":
      "{\"n\": 123456789012345678901234567890, \"x\": [1.0, 1e2, -0.0, 1E5, 1e400]}"}}]}])";
  EXPECT_EQ(render("{{ messages[0].content }}{% for c in messages[1].tool_calls %}{{ c.function.arguments|tojson }}"
                   "{% endfor %}",
                   messages),
            R"(q{"n": 123456789012345678901234567890, "x": [1.0, 100.0, -0.0, 100000.0, Infinity]})");
}

TEST(ChatTemplate, KnowsWhetherItHasAPlaceForCalls) {
  EXPECT_FALSE(parse("{{ messages[0].content }}").traits().takes_calls);
  EXPECT_FALSE(parse("{# tool_calls #}{{ messages[0].content }}").traits().takes_calls);
  EXPECT_TRUE(parse("{% if messages[0].tool_calls %}{% endif %}").traits().takes_calls);
  EXPECT_TRUE(parse("{% if 'tool_calls' in messages[0] %}{% endif %}").traits().takes_calls);
  EXPECT_TRUE(parse("{{ messages|tojson }}").traits().takes_calls);
}

TEST(ChatTemplate, ContentOfAToolCallIsNoneOnlyWhereThatWorks) {
  const std::string tail = "{% for c in m.tool_calls %}{{ c.function.arguments|tojson }}{% endfor %}{% endfor %}";
  EXPECT_EQ(render("{% for m in messages %}[{{ m.content + '' }}]" + tail, kCall), "[q][]{\"a\": 1}");
  EXPECT_EQ(render("{% for m in messages %}[{{ m.content is none }}]" + tail, kCall), "[False][True]{\"a\": 1}");
}

TEST(ChatTemplate, DeveloperIsSystemWhereItIsUnknown) {
  const char* const messages = R"([{"role":"developer","content":"x"}])";
  EXPECT_EQ(render("{{ messages[0].role }}", messages), "system");
  EXPECT_EQ(render("{{ messages[0].role }}{# knows developer #}", messages), "developer");
}

TEST(ChatTemplate, SeesWhatFollowsAnAnswer) {
  EXPECT_EQ(parse("{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>\n{% endfor %}").traits().after_answer,
            "<|end|>\n<|user|>");
  EXPECT_EQ(parse("{{ messages|length }}").traits().after_answer, "");
}

constexpr std::string_view kShowsIds =
    "{% for m in messages %}{% for c in m.tool_calls or [] %}[{{ c.id }}]{{ c.function.name }}"
    "{{ c.function.arguments | tojson }}{% endfor %}{% if m.tool_call_id %}<{{ m.tool_call_id }}>{% endif %}{% endfor "
    "%}";
constexpr const char* kWithIds = R"([{"role":"user","content":"q"},{"role":"assistant","tool_calls":[
  {"id":"toolu_01ABCDEF","type":"function","function":{"name":"f","arguments":{}}},
  {"id":"abcdefghi","type":"function","function":{"name":"g","arguments":{}}}]},
  {"role":"tool","tool_call_id":"toolu_01ABCDEF","content":"x"},{"role":"tool","tool_call_id":"abcdefghi","content":"y"}])";

TEST(ChatTemplate, IdsOfCallsAreWhatTheTemplateWants) {
  EXPECT_EQ(render(kShowsIds, kWithIds), "[toolu_01ABCDEF]f{}[abcdefghi]g{}<toolu_01ABCDEF><abcdefghi>");
  const std::string nine = "{# c.id | length != 9 #}{% if 'length != 9' %}{% endif %}" + std::string(kShowsIds);
  const std::string out = render(nine, kWithIds);
  ASSERT_EQ(out.size(), std::string("[123456789]f{}[abcdefghi]g{}<123456789><abcdefghi>").size()) << out;
  EXPECT_EQ(out.substr(1, 9), out.substr(out.find('<') + 1, 9));
  EXPECT_EQ(out.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", 1), 10u);
  EXPECT_EQ(out, render(nine, kWithIds));
  const std::string counted = "{% if '<|tool_call_argument_begin|>' %}{% endif %}" + std::string(kShowsIds);
  EXPECT_EQ(render(counted, kWithIds), "[functions.f:0]f{}[functions.g:1]g{}<functions.f:0><functions.g:1>");
}

TEST(ChatTemplate, AbsentContentIsNotWritten) {
  const std::string source =
      "{% set x = none %}{# None #}{% for m in messages %}{{ m.content }}{% for c in m.tool_calls or [] "
      "%}{{ c.function.name }}{{ c.function.arguments | tojson }}{% endfor %}{% endfor %}";
  EXPECT_EQ(render(source, kCall), "qf{\"a\": 1}");
}

TEST(ChatTemplate, ToolsAsTextForTemplatesThatTakeThemSo) {
  const Template subject = parse("{{ functions }} on {{ datetime }}: {{ messages[0].content }}");
  EXPECT_TRUE(subject.takes_tools());
  const std::string with = try_render(subject, kHello, R"([{"name":"f"}])").value();
  EXPECT_EQ(with.substr(0, with.find(" on ")), "[\n    {\n        \"name\": \"f\"\n    }\n]");
  EXPECT_EQ(try_render(subject, kHello).value().substr(0, 7), "[] on 2");
  EXPECT_FALSE(parse("{{ messages[0].content }}").takes_tools());
}

TEST(ChatTemplate, CallsComeOneByOneWhereOnlyOneIsTaken) {
  const std::string one =
      "{% for m in messages %}{% if m.tool_calls and m.tool_calls | length > 1 %}{{ raise_exception('one') }}{% endif "
      "%}"
      "{{ m.role[0] }}:{{ m.content or '' }}{% for c in m.tool_calls or [] %}{{ c.function.name }}"
      "{{ c.function.arguments | tojson }}{% endfor %} {% endfor %}";
  EXPECT_TRUE(parse(one).traits().single_call);
  EXPECT_EQ(render(one, kWithIds), "u:q a:f{} t:x a:g{} t:y ");
  const std::string swapped = R"([{"role":"user","content":"q"},{"role":"assistant","content":"see","tool_calls":[
    {"id":"1","type":"function","function":{"name":"f","arguments":{}}},
    {"id":"2","type":"function","function":{"name":"g","arguments":{}}}]},
    {"role":"tool","tool_call_id":"2","content":"y"},{"role":"tool","tool_call_id":"9","content":"z"},
    {"role":"user","content":"r"}])";
  EXPECT_EQ(render(one, swapped), "u:q a:seef{} a:g{} t:y t:z u:r ");
  const std::string first_only =
      "{% for m in messages %}{{ m.role[0] }}:{{ m.content or '' }}{% if m.tool_calls %}{{ "
      "m.tool_calls[0].function.name "
      "}}{{ m.tool_calls[0].function.arguments | tojson }}{% endif %} {% endfor %}";
  EXPECT_EQ(render(first_only, kWithIds), "u:q a:f{} t:x a:g{} t:y ");
  EXPECT_FALSE(parse(kShowsIds).traits().single_call);
}

}  // namespace
}  // namespace quern::engine::chat

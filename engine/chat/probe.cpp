#include "engine/chat/probe.hpp"

#include "engine/chat/jinja/json.hpp"

#include <optional>
#include <string>

namespace quern::engine::chat {

namespace {

using jinja::Value;

// Words that no template contains.
constexpr std::string_view kQuestion = "Qzquestion", kAnswer = "Qzanswer", kNext = "Qznext", kKey = "qzkey",
                           kValue = "Qzvalue", kOther = "Qzother";

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// A conversation is written as JSON; nothing where the template fails with it.
std::optional<std::string> try_render(const Template& subject, const std::string& messages, const std::string& tools,
                                      bool absent_is_undefined, bool add_generation_prompt) {
  Inputs inputs(jinja::Limits{.max_steps = 500'000});  // honest templates take a few thousand
  inputs.messages = jinja::parse_json(*inputs.heap, messages);
  if (!tools.empty()) inputs.tools = jinja::parse_json(*inputs.heap, tools);
  inputs.add_generation_prompt = add_generation_prompt;
  auto out = subject.render_raw(inputs, absent_is_undefined);
  if (!out) return std::nullopt;
  return std::move(*out);
}

std::string message(std::string_view role, const std::string& content) {
  return fmt::format(R"({{"role":"{}","content":{}}})", role, content);
}
std::string quoted(std::string_view text) {
  return fmt::format("\"{}\"", text);
}
std::string in_parts(std::string_view text) {
  return fmt::format(R"([{{"type":"text","text":"{}"}}])", text);
}

void probe_content(const Template& subject, Traits& traits) {
  const auto shows = [&](const std::string& content, bool absent_is_undefined) {
    const auto out = try_render(subject, "[" + message("user", content) + "]", "", absent_is_undefined, true);
    // Python's form of a list is no sign of understanding it.
    return out && contains(*out, kQuestion) && !contains(*out, "'text'") && !contains(*out, "\"text\"");
  };
  const bool with_none = shows(quoted(kQuestion), false);
  traits.absent_is_undefined = !with_none && (shows(quoted(kQuestion), true) || shows(in_parts(kQuestion), true)) &&
                               !shows(in_parts(kQuestion), false);
  traits.takes_parts = shows(in_parts(kQuestion), traits.absent_is_undefined);
  traits.needs_parts = traits.takes_parts && !shows(quoted(kQuestion), traits.absent_is_undefined);
}

// How often a template has written that something is absent.
std::size_t count_nothing(std::string_view text) {
  std::size_t n = 0;
  for (const std::string_view word : {"None", "null"}) {
    for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + word.size())) ++n;
  }
  return n;
}

// Arguments as an object or as JSON text, content None or empty: the first combination that comes out well.
void probe_calls(const Template& subject, Traits& traits) {
  static constexpr std::string_view kTools =
      R"([{"type":"function","function":{"name":"qzcall","description":"d","parameters":{"type":"object","properties":{"qzkey":{"type":"string","description":"d"}},"required":["qzkey"]}}}])";
  const std::string question = traits.needs_parts ? in_parts(kQuestion) : quoted(kQuestion);
  for (const bool object : {true, false}) {
    const std::string arguments =
        object ? fmt::format(R"({{"{}":"{}"}})", kKey, kValue) : fmt::format(R"("{{\"{}\":\"{}\"}}")", kKey, kValue);
    const std::string one_call = fmt::format(
        R"({{"id":"qzcall001","type":"function","function":{{"name":"qzcall","arguments":{}}}}})", arguments);
    const auto with_content = [&](std::string_view content,
                                  const std::string& more = "") -> std::optional<std::string> {
      const std::string call =
          fmt::format(R"({{"role":"assistant","content":{},"tool_calls":[{}{}]}})", content, one_call, more);
      auto out = try_render(subject, fmt::format("[{},{}]", message("user", question), call), std::string(kTools),
                            traits.absent_is_undefined, false);
      if (!out || !contains(*out, kValue)) return std::nullopt;
      const bool is_python = contains(*out, fmt::format("'{}':", kKey));
      const bool is_twice_json = contains(*out, fmt::format("\\\"{}\\\"", kKey));
      return is_python || is_twice_json ? std::nullopt : std::move(out);
    };
    const auto none = with_content("null"), empty = with_content(traits.needs_parts ? "[]" : "\"\"");
    if (!none && !empty) continue;
    traits.takes_calls = true;
    traits.object_arguments = object;
    traits.null_content = none && (!empty || count_nothing(*none) <= count_nothing(*empty));
    std::string second = "," + one_call;
    second.replace(second.find(kValue), kValue.size(), kOther);
    const auto both = with_content(traits.null_content ? "null" : traits.needs_parts ? "[]" : "\"\"", second);
    traits.single_call = !both || !contains(*both, kOther);
    return;
  }
}

CallIds find_call_ids(std::string_view source) {
  for (const std::string_view check : {"length != 9", "length == 9", "length 9"}) {
    if (contains(source, check)) return CallIds::nine;
  }
  return contains(source, "<|tool_call_argument_begin|>") ? CallIds::counted : CallIds::any;
}

void probe_end(const Template& subject, Traits& traits) {
  const auto content = [&](std::string_view text) { return traits.needs_parts ? in_parts(text) : quoted(text); };
  const std::string messages = fmt::format("[{},{},{}]", message("user", content(kQuestion)),
                                           message("assistant", content(kAnswer)), message("user", content(kNext)));
  const auto out = try_render(subject, messages, "", traits.absent_is_undefined, false);
  if (!out) return;
  const std::size_t answer = out->find(kAnswer), next = out->find(kNext);
  if (answer == std::string::npos || next == std::string::npos || next < answer) return;
  const std::size_t begin = answer + kAnswer.size();
  traits.after_answer = out->substr(begin, next - begin);
}

}  // namespace

Traits probe(const Template& subject, std::string_view source) {
  Traits traits;
  traits.takes_calls = subject.has_word("tool_calls");
  traits.knows_developer = contains(source, "developer");
  probe_content(subject, traits);
  probe_calls(subject, traits);
  traits.call_ids = find_call_ids(source);
  probe_end(subject, traits);
  return traits;
}

}  // namespace quern::engine::chat

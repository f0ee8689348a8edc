#include "engine/tools/reasoning_format.hpp"

#include "engine/chat/jinja/json.hpp"
#include "engine/tools/marks.hpp"
#include "engine/tools/probe_marks.hpp"

#include <algorithm>

namespace quern::engine::tools {
namespace {

namespace jinja = chat::jinja;

struct Marks {
  std::string_view begin, end;
};
// Source: the templates of DeepSeek R1, Qwen 3, GLM 4.5 and many more; Seed-OSS; Magistral; Command A Reasoning; Gemma
// 4; Apertus; Hunyuan; Apriel. The end is what a template needs that takes thoughts out of former answers; the
// beginning may be the model's own.
constexpr Marks kFamilies[] = {{"<think>", "</think>"},
                               {"<seed:think>", "</seed:think>"},
                               {"[THINK]", "[/THINK]"},
                               {"<|START_THINKING|>", "<|END_THINKING|>"},
                               {"<|channel>thought\n", "<channel|>"},
                               {"<|inner_prefix|>", "<|inner_suffix|>"},
                               {"<thinking>", "</thinking>"}};

struct Variable {
  std::string_view name, json;
};

std::optional<std::string> prompt_with(const chat::Template& subject, const std::vector<Variable>& variables,
                                       std::string_view last_message = "", bool generate = true) {
  chat::Inputs inputs(jinja::Limits{.max_steps = 500'000});
  inputs.add_generation_prompt = generate;
  try {
    std::string messages = R"([{"role":"user","content":"Qzquestion"})";
    if (!last_message.empty()) messages.append(",").append(last_message);
    inputs.messages = jinja::parse_json(*inputs.heap, messages + "]");
    for (const Variable& v : variables)
      inputs.variables.emplace_back(std::string(v.name), jinja::parse_json(*inputs.heap, v.json));
  } catch (const jinja::FailureException&) {
    return std::nullopt;
  }
  auto out = subject.render(inputs);
  return out ? std::optional(std::move(*out)) : std::nullopt;
}

void find_switches(const chat::Template& subject, ReasoningFormat& out) {
  const auto plain = prompt_with(subject, {});
  for (const char* const name : {"enable_thinking", "thinking", "reasoning"}) {
    if (!subject.mentions(name)) continue;
    const auto on = prompt_with(subject, {{name, "true"}}), off = prompt_with(subject, {{name, "false"}});
    if (!on || !off || *on == *off) continue;
    out.flag = name;
    out.default_on = !plain || *plain != *off;
    break;
  }
  if (subject.mentions("reasoning_effort")) {
    const auto with = [&](std::string_view value) {
      const std::string json = json_string(value);
      return prompt_with(subject, {{"reasoning_effort", json}});
    };
    for (const char* const value : {"none", "no_think"}) {
      const auto rendered = with(value);
      if (subject.source().find("'" + std::string(value) + "'") == std::string::npos &&
          subject.source().find('"' + std::string(value) + '"') == std::string::npos)
        continue;
      if (rendered && out.start(*rendered) == ThinkingStart::closed) out.no_effort = value;
      if (rendered && plain == rendered) out.default_on = false;
    }
    const bool free_form = with("qzeffort").has_value() && with("qzeffort")->find("qzeffort") != std::string::npos;
    for (const char* const value : {"minimal", "low", "medium", "high", "max"}) {
      const std::string word(value);
      const bool named = subject.source().find("'" + word + "'") != std::string::npos ||
                         subject.source().find('"' + word + '"') != std::string::npos;
      const bool usual = word == "low" || word == "medium" || word == "high";
      if ((named || (free_form && usual)) && with(value)) out.efforts.push_back(word);
    }
  }
  if (subject.mentions("thinking_budget")) out.budget = "thinking_budget";
}

// What the template writes between thoughts and answer.
std::string find_closing(const chat::Template& subject, const ReasoningFormat& format) {
  const std::vector<Variable> on =
      format.flag.empty() ? std::vector<Variable>{} : std::vector<Variable>{{format.flag, "true"}};
  for (const char* const member : {"reasoning_content", "thinking", "reasoning"}) {
    const auto out = prompt_with(
        subject, on, fmt::format(R"({{"role":"assistant","content":"Qzanswer","{}":"Qzthought"}})", member), false);
    if (!out) continue;
    const std::size_t thought = out->rfind("Qzthought"), answer = out->rfind("Qzanswer");
    if (thought == std::string::npos || answer == std::string::npos || answer < thought) continue;
    std::string between = out->substr(thought + 9, answer - thought - 9);
    if (between.find(format.end) != std::string::npos) return between;
  }
  return format.end;
}

}  // namespace

ThinkingStart ReasoningFormat::start(std::string_view prompt) const noexcept {
  if (channels) return ThinkingStart::before;
  prompt = prompt.substr(0, prompt.find_last_not_of(" \t\r\n") + 1);
  const auto ends_with = [&](std::string_view mark) { return !mark.empty() && prompt.ends_with(trimmed(mark)); };
  if (ends_with(end)) return ThinkingStart::closed;
  return ends_with(begin) ? ThinkingStart::inside : ThinkingStart::before;
}

std::optional<ReasoningFormat> find_reasoning_format(const chat::Template& subject) {
  const std::string& source = subject.source();
  const auto has = [&](std::string_view text) { return source.find(text) != std::string::npos; };
  ReasoningFormat out;
  if (has("<|channel|>") && has("<|message|>") && has("analysis")) {
    out.channels = true;
    out.begin = "<|channel|>analysis<|message|>";
    out.end = "<|end|>";
    out.closing = "<|end|><|start|>assistant<|channel|>final<|message|>";
    out.marks = {"<|start|>", "<|end|>", "<|message|>", "<|channel|>", "<|constrain|>", "<|call|>", "<|return|>"};
    find_switches(subject, out);
    return out;
  }
  for (const Marks& marks : kFamilies) {
    if (!has(marks.end)) continue;
    out.begin = marks.begin;
    out.end = marks.end;
    break;
  }
  if (out.end.empty() && has("<think{}>") && has("</think{}>")) {  // Hunyuan: marks with a suffix of the model's
    for (const char* const effort : {"\"high\"", "\"low\""}) {
      const auto prompt = prompt_with(subject, {{"reasoning_effort", effort}});
      const std::size_t begin = prompt ? prompt->rfind("<think") : std::string::npos;
      if (begin == std::string::npos) continue;
      out.begin = prompt->substr(begin, prompt->find('>', begin) + 1 - begin);
      out.end = "</" + out.begin.substr(1);
      break;
    }
  }
  if (out.end.empty()) return std::nullopt;
  for (const std::string& mark : {out.begin, out.end}) probe::add_marks_of(mark, out.marks);
  find_switches(subject, out);
  out.closing = find_closing(subject, out);
  return out;
}

}  // namespace quern::engine::tools

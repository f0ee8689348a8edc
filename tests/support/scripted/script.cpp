#include "tests/support/scripted/script.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <boost/json.hpp>

namespace quern::test {
namespace {

namespace json = boost::json;
using namespace models;

EndReason end_reason(std::string_view name) {
  if (name == "turn") return EndReason::turn;
  if (name == "length") return EndReason::length;
  if (name == "stop_sequence") return EndReason::stop_sequence;
  if (name == "tool_calls") return EndReason::tool_calls;
  throw std::runtime_error("end: want turn, length, stop_sequence or tool_calls, found " + std::string(name));
}

std::string text_of(const json::value& value) {
  const json::string& text = value.as_string();
  return {text.data(), text.size()};
}

// Arguments: pieces of JSON text, one piece, or the value itself.
void add_call(const json::object& call, std::uint32_t index, std::vector<ScriptStep>& out) {
  out.emplace_back(
      AnswerEvent(ToolCallBegin{.call = index, .id = text_of(call.at("id")), .name = text_of(call.at("name"))}));
  const json::value& arguments = call.at("arguments");
  const auto add = [&](std::string piece) {
    out.emplace_back(AnswerEvent(ToolCallDelta{.call = index, .arguments = std::move(piece)}));
  };
  if (arguments.is_array()) {
    for (const json::value& piece : arguments.as_array()) add(text_of(piece));
  } else {
    add(arguments.is_string() ? text_of(arguments) : json::serialize(arguments));
  }
  out.emplace_back(AnswerEvent(ToolCallEnd{.call = index}));
}

ScriptedAnswer answer_of(const json::object& source) {
  ScriptedAnswer out;
  if (const json::value* const when = source.if_contains("when")) out.when = text_of(*when);
  if (const json::value* const repeat = source.if_contains("repeat")) out.repeat = repeat->as_bool();
  std::uint32_t n_calls = 0;
  bool ended = false;
  for (const json::value& item : source.at("events").as_array()) {
    if (ended) throw std::runtime_error("events: something behind the end");
    const auto& [key, value] = *item.as_object().begin();
    if (key == "text") {
      out.steps.emplace_back(AnswerEvent(TextDelta{.text = text_of(value)}));
    } else if (key == "reasoning") {
      out.steps.emplace_back(AnswerEvent(ReasoningDelta{.text = text_of(value)}));
    } else if (key == "pause_ms") {
      out.steps.emplace_back(Duration(std::chrono::milliseconds(value.to_number<std::int64_t>())));
    } else if (key == "call") {
      add_call(value.as_object(), n_calls++, out.steps);
    } else if (key == "end") {
      out.steps.emplace_back(AnswerEvent(End{.reason = end_reason(value.as_string())}));
      ended = true;
    } else if (key == "fail") {
      out.steps.emplace_back(Failure{text_of(value)});
      ended = true;
    } else if (key == "refuse" && out.steps.empty()) {
      out.steps.emplace_back(Refusal{text_of(value)});
      ended = true;
    } else {
      throw std::runtime_error("events: unknown kind " + std::string(key));
    }
  }
  if (!ended) {
    out.steps.emplace_back(AnswerEvent(End{.reason = n_calls > 0 ? EndReason::tool_calls : EndReason::turn}));
  }
  return out;
}

}  // namespace

Result<Script> Script::parse(std::string_view json_text) {
  Script out;
  try {
    const json::value document = json::parse(json::string_view(json_text.data(), json_text.size()));
    for (const json::value& item : document.at("answers").as_array()) {
      try {
        out.answers_.push_back(answer_of(item.as_object()));
      } catch (const std::exception& e) {
        return fail_field(fmt::format("answers[{}]", out.answers_.size()), "{}", e.what());
      }
    }
  } catch (const std::exception& e) {
    return fail_field("script", "{}", e.what());
  }
  return out;
}

std::optional<ScriptedAnswer> Script::take(std::string_view prompt) {
  const auto fits = [prompt](const ScriptedAnswer& answer) {
    return prompt.find(answer.when) != std::string_view::npos;
  };
  const auto found = std::ranges::find_if(answers_, fits);
  if (found == answers_.end()) return std::nullopt;
  if (found->repeat) return *found;
  ScriptedAnswer out = std::move(*found);
  answers_.erase(found);
  return out;
}

std::size_t Script::n_left() const noexcept {
  return static_cast<std::size_t>(std::ranges::count(answers_, false, &ScriptedAnswer::repeat));
}

}  // namespace quern::test

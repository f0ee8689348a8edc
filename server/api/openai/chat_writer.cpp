#include "server/api/openai/chat_writer.hpp"

#include "server/api/json_text.hpp"

#include <iterator>

#include <fmt/format.h>

namespace quern::server {
namespace {

std::string call_json(const WholeCall& call) {
  std::string out = "{" + text_field("id", call.id) + ",\"type\":\"function\",\"function\":{";
  return out + text_field("name", call.name) + "," + text_field("arguments", call.arguments) + "}}";
}

std::string message_json(const WholeChoice& choice) {
  std::string out = "{\"role\":\"assistant\",";
  out += choice.text.empty() && !choice.calls.empty() ? "\"content\":null" : text_field("content", choice.text);
  if (!choice.reasoning.empty()) out += "," + text_field("reasoning_content", choice.reasoning);
  out += ",\"refusal\":null";
  for (std::size_t i = 0; i < choice.calls.size(); ++i) {
    out += i == 0 ? ",\"tool_calls\":[" : ",";
    out += call_json(choice.calls[i]);
  }
  return out + (choice.calls.empty() ? "}" : "]}");
}

}  // namespace

std::string ChatWriter::logprobs_json(std::span<const models::TokenLogprob> logprobs) const {
  return logprobs_ ? chat_logprobs_json(logprobs) : "null";
}

void ChatWriter::add_delta(std::string& out, std::uint32_t choice, std::string_view delta,
                           std::string_view logprobs) const {
  add_chunk(out, choice, fmt::format(R"("delta":{{{}}},"logprobs":{},"finish_reason":null)", delta, logprobs));
}

void ChatWriter::begin(const AnswerFacts&, std::uint32_t n_choices, std::string& out) {
  for (std::uint32_t choice = 0; choice < n_choices; ++choice) {
    add_delta(out, choice, R"("role":"assistant","content":"")", "null");
  }
}

void ChatWriter::event(const models::AnswerEvent& event, std::string& out) {
  const auto call = [&](std::uint32_t choice, std::uint32_t index, std::string_view fields) {
    add_delta(out, choice, fmt::format(R"("tool_calls":[{{"index":{},{}}}])", index, fields), "null");
  };
  std::visit(Overloaded{
                 [&](const models::TextDelta& e) {
                   add_delta(out, e.choice, text_field("content", e.text), logprobs_json(e.logprobs));
                 },
                 [&](const models::ReasoningDelta& e) {
                   add_delta(out, e.choice, text_field("reasoning_content", e.text), logprobs_json(e.logprobs));
                 },
                 [&](const models::ToolCallBegin& e) {
                   call(e.choice, e.call,
                        text_field("id", e.id) + R"(,"type":"function","function":{)" + text_field("name", e.name) +
                            R"(,"arguments":""})");
                 },
                 [&](const models::ToolCallDelta& e) {
                   call(e.choice, e.call, "\"function\":{" + text_field("arguments", e.arguments) + "}");
                 },
                 [](const models::ToolCallEnd&) {},
                 [&](const models::End& e) {
                   add_chunk(
                       out, e.choice,
                       fmt::format(R"("delta":{{}},"logprobs":null,"finish_reason":"{}")", finish_reason(e.reason)));
                 },
                 [](const models::PromptScores&) {},
             },
             event);
}

std::string ChatWriter::whole(std::span<const WholeChoice> choices, const AnswerFacts& facts) const {
  std::string out = open_object("chat.completion") + "\"choices\":[";
  for (std::size_t i = 0; i < choices.size(); ++i) {
    fmt::format_to(std::back_inserter(out), R"({}{{"index":{},"message":{},"logprobs":{},"finish_reason":"{}"}})",
                   i == 0 ? "" : ",", i, message_json(choices[i]), logprobs_json(choices[i].logprobs),
                   finish_reason(choices[i].end));
  }
  return out + whole_end(facts);
}

}  // namespace quern::server

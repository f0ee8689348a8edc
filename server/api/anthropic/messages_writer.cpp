#include "server/api/anthropic/messages_writer.hpp"

#include "server/api/dialect.hpp"
#include "server/api/frames.hpp"
#include "server/api/json_text.hpp"
#include "server/request_head.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace quern::server {
namespace {

std::string_view stop_reason(models::EndReason reason) noexcept {
  switch (reason) {
    case models::EndReason::length:
      return "max_tokens";
    case models::EndReason::stop_sequence:
      return "stop_sequence";
    case models::EndReason::tool_calls:
      return "tool_use";
    default:
      return "end_turn";
  }
}

std::string stop_fields(models::EndReason reason, std::string_view sequence) {
  std::string out = fmt::format("\"stop_reason\":\"{}\",", stop_reason(reason));
  return out + (reason == models::EndReason::stop_sequence ? text_field("stop_sequence", sequence)
                                                           : "\"stop_sequence\":null");
}

// What was found in the cache is no input here, but named beside it.
std::string usage_json(const models::Usage& usage, std::uint64_t n_output) {
  const std::uint64_t cached = std::min(usage.cached_tokens, usage.prompt_tokens);
  return fmt::format(
      R"("usage":{{"input_tokens":{},"cache_creation_input_tokens":0,"cache_read_input_tokens":{},"output_tokens":{}}})",
      usage.prompt_tokens - cached, cached, n_output);
}

std::string tool_block(std::string_view id, std::string_view name, std::string_view input) {
  return R"({"type":"tool_use",)" + text_field("id", id) + "," + text_field("name", name) +
         ",\"input\":" + std::string(input) + "}";
}

}  // namespace

MessagesWriter::MessagesWriter(std::string model) : id_(make_id("msg_")), model_(std::move(model)) {}

void MessagesWriter::begin(const AnswerFacts& facts, std::uint32_t, std::string& out) {
  append_event(out, "message_start",
               R"({"type":"message_start","message":{)" + text_field("id", id_) +
                   R"(,"type":"message","role":"assistant","content":[],)" + text_field("model", model_) +
                   R"(,"stop_reason":null,"stop_sequence":null,)" + usage_json(facts.usage, 1) + "}}");
  silence(out);
}

void MessagesWriter::close_block(std::string& out) {
  if (block_ == Block::none) return;
  append_event(out, "content_block_stop", fmt::format(R"({{"type":"content_block_stop","index":{}}})", n_blocks_ - 1));
  block_ = Block::none;
}

void MessagesWriter::open_block(Block kind, std::string_view start, std::string& out) {
  if (block_ == kind && kind != Block::tool) return;
  close_block(out);
  append_event(out, "content_block_start",
               fmt::format(R"({{"type":"content_block_start","index":{},"content_block":{}}})", n_blocks_, start));
  block_ = kind;
  ++n_blocks_;
}

void MessagesWriter::delta(std::string_view type, std::string_view field, std::string_view text,
                           std::string& out) const {
  append_event(out, "content_block_delta",
               fmt::format(R"({{"type":"content_block_delta","index":{},"delta":{{"type":"{}",{}}}}})", n_blocks_ - 1,
                           type, text_field(field, text)));
}

void MessagesWriter::event(const models::AnswerEvent& event, std::string& out) {
  std::visit(Overloaded{
                 [&](const models::TextDelta& e) {
                   if (e.text.empty()) return;
                   open_block(Block::text, R"({"type":"text","text":""})", out);
                   delta("text_delta", "text", e.text, out);
                 },
                 [&](const models::ReasoningDelta& e) {
                   if (e.text.empty()) return;
                   open_block(Block::thinking, R"({"type":"thinking","thinking":"","signature":""})", out);
                   delta("thinking_delta", "thinking", e.text, out);
                 },
                 [&](const models::ToolCallBegin& e) { open_block(Block::tool, tool_block(e.id, e.name, "{}"), out); },
                 [&](const models::ToolCallDelta& e) { delta("input_json_delta", "partial_json", e.arguments, out); },
                 [&](const models::ToolCallEnd&) { close_block(out); },
                 [&](const models::End& e) { end_ = e; },
                 [](const models::PromptScores&) {},
             },
             event);
}

void MessagesWriter::silence(std::string& out) {
  append_event(out, "ping", R"({"type":"ping"})");
}

void MessagesWriter::finish(const AnswerFacts& facts, std::string& out) {
  close_block(out);
  append_event(out, "message_delta",
               R"({"type":"message_delta","delta":{)" + stop_fields(end_.reason, end_.stop_sequence) + "}," +
                   usage_json(facts.usage, facts.usage.completion_tokens) + "}");
  append_event(out, "message_stop", R"({"type":"message_stop"})");
}

void MessagesWriter::failure(const HttpError& error, std::string& out) {
  append_event(out, "error", kAnthropic.error_body(error));
}

std::string MessagesWriter::whole(std::span<const WholeChoice> choices, const AnswerFacts& facts) const {
  const WholeChoice& choice = choices.front();
  std::string content;
  const auto add = [&content](std::string_view block) { content.append(content.empty() ? "" : ",").append(block); };
  if (!choice.reasoning.empty()) {
    add(R"({"type":"thinking",)" + text_field("thinking", choice.reasoning) + R"(,"signature":""})");
  }
  if (!choice.text.empty() || choice.calls.empty()) add(R"({"type":"text",)" + text_field("text", choice.text) + "}");
  for (const WholeCall& call : choice.calls) {
    add(tool_block(call.id, call.name, call.arguments.starts_with('{') ? call.arguments : "{}"));
  }
  return "{" + text_field("id", id_) + R"(,"type":"message","role":"assistant","content":[)" + content + "]," +
         text_field("model", model_) + "," + stop_fields(choice.end, choice.stop_sequence) + "," +
         usage_json(facts.usage, facts.usage.completion_tokens) + "}";
}

}  // namespace quern::server

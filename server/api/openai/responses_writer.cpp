#include "server/api/openai/responses_writer.hpp"

#include "server/api/frames.hpp"
#include "server/api/json_text.hpp"
#include "server/api/logprobs_json.hpp"
#include "server/request_head.hpp"

#include <utility>

#include <fmt/format.h>

namespace quern::server {
namespace {

std::string output_text(std::string_view text, std::string_view logprobs) {
  return R"({"type":"output_text",)" + text_field("text", text) + R"(,"annotations":[],"logprobs":[)" +
         std::string(logprobs) + "]}";
}

std::string reasoning_text(std::string_view text) {
  return R"({"type":"reasoning_text",)" + text_field("text", text) + "}";
}

// By which clients decide whether to try again.
std::string_view failure_code(const HttpError& error) noexcept {
  if (error.overflow) return "context_length_exceeded";
  if (error.status == 429) return "rate_limit_exceeded";
  return error.status == 503 ? "server_is_overloaded" : "server_error";
}

std::string usage_of(const models::Usage& usage) {
  return fmt::format(R"({{"input_tokens":{},"input_tokens_details":{{"cached_tokens":{}}},"output_tokens":{},)"
                     R"("output_tokens_details":{{"reasoning_tokens":{}}},"total_tokens":{}}})",
                     usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens, usage.reasoning_tokens,
                     usage.prompt_tokens + usage.completion_tokens);
}

}  // namespace

std::string ResponsesWriter::logprobs_of(std::span<const models::TokenLogprob> logprobs) const {
  return logprobs_ ? logprob_list(logprobs) : "";
}

std::string ResponsesWriter::item_json(const Item& item, std::string_view status) {
  const std::string head = "{" + text_field("id", item.id) + fmt::format(",\"status\":\"{}\",", status);
  switch (item.kind) {
    case Kind::message:
      return head + R"("type":"message","role":"assistant","content":[)" +
             (status == "in_progress" ? "" : output_text(item.text, item.logprobs)) + "]}";
    case Kind::reasoning:
      return head + R"("type":"reasoning","summary":[],"encrypted_content":null,"content":[)" +
             (status == "in_progress" ? "" : reasoning_text(item.text)) + "]}";
    case Kind::call:
      break;
  }
  return head + R"("type":"function_call",)" + text_field("call_id", item.call_id) + "," +
         text_field("name", item.name) + "," + text_field("arguments", item.text) + "}";
}

std::string ResponsesWriter::response_json(std::string_view status, const std::vector<Item>& items,
                                           const models::Usage* usage, const HttpError* error) const {
  std::string output;
  for (const Item& item : items) output += (output.empty() ? "" : ",") + item_json(item, "completed");
  const bool incomplete = status == "incomplete";
  return "{" + text_field("id", envelope_.id) +
         fmt::format(R"(,"object":"response","created_at":{},"status":"{}","background":false,)",
                     envelope_.created_unix_s, status) +
         "\"error\":" +
         (error == nullptr
              ? std::string("null")
              : fmt::format("{{\"code\":\"{}\",", failure_code(*error)) + text_field("message", error->message) + "}") +
         ",\"incomplete_details\":" + (incomplete ? R"({"reason":"max_output_tokens"})" : "null") + "," +
         text_field("model", envelope_.model) + ",\"output\":[" + output + "]," + echo_ +
         ",\"usage\":" + (usage == nullptr ? "null" : usage_of(*usage)) + "}";
}

void ResponsesWriter::add(std::string_view type, std::string_view fields, std::string& out) {
  append_event(
      out, type,
      fmt::format(R"({{"type":"{}","sequence_number":{}{}{}}})", type, n_events_++, fields.empty() ? "" : ",", fields));
}

void ResponsesWriter::begin(const AnswerFacts&, std::uint32_t, std::string& out) {
  const std::string response = "\"response\":" + response_json("in_progress", {}, nullptr, nullptr);
  add("response.created", response, out);
  add("response.in_progress", response, out);
}

std::string ResponsesWriter::place() const {
  return text_field("item_id", items_.back().id) +
         fmt::format(",\"output_index\":{},\"content_index\":0", items_.size() - 1);
}

void ResponsesWriter::open_item(Item item, std::string& out) {
  if (open_ && item.kind == items_.back().kind && item.kind != Kind::call) return;
  close_item(out);
  items_.push_back(std::move(item));
  open_ = true;
  add("response.output_item.added",
      fmt::format("\"output_index\":{},\"item\":{}", items_.size() - 1, item_json(items_.back(), "in_progress")), out);
  const Kind kind = items_.back().kind;
  if (kind == Kind::call) return;
  const std::string part = kind == Kind::message ? output_text("", "") : reasoning_text("");
  add("response.content_part.added", place() + ",\"part\":" + part, out);
}

void ResponsesWriter::close_item(std::string& out) {
  if (!std::exchange(open_, false)) return;
  const Item& item = items_.back();
  switch (item.kind) {
    case Kind::message:
      add("response.output_text.done",
          place() + "," + text_field("text", item.text) + ",\"logprobs\":[" + item.logprobs + "]", out);
      add("response.content_part.done", place() + ",\"part\":" + output_text(item.text, item.logprobs), out);
      break;
    case Kind::reasoning:
      add("response.reasoning_text.done", place() + "," + text_field("text", item.text), out);
      add("response.content_part.done", place() + ",\"part\":" + reasoning_text(item.text), out);
      break;
    case Kind::call:
      add("response.function_call_arguments.done",
          text_field("item_id", item.id) + fmt::format(",\"output_index\":{},", items_.size() - 1) +
              text_field("name", item.name) + "," + text_field("arguments", item.text),
          out);
      break;
  }
  add("response.output_item.done",
      fmt::format("\"output_index\":{},\"item\":{}", items_.size() - 1, item_json(item, "completed")), out);
}

void ResponsesWriter::event(const models::AnswerEvent& event, std::string& out) {
  std::visit(Overloaded{
                 [&](const models::TextDelta& e) {
                   const std::string logprobs = logprobs_of(e.logprobs);
                   if (e.text.empty() && logprobs.empty()) return;
                   open_item({.kind = Kind::message, .id = make_id("msg_")}, out);
                   Item& item = items_.back();
                   item.text += e.text;
                   if (!item.logprobs.empty() && !logprobs.empty()) item.logprobs += ',';
                   item.logprobs += logprobs;
                   add("response.output_text.delta",
                       place() + "," + text_field("delta", e.text) + ",\"logprobs\":[" + logprobs + "]", out);
                 },
                 [&](const models::ReasoningDelta& e) {
                   if (e.text.empty()) return;
                   open_item({.kind = Kind::reasoning, .id = make_id("rs_")}, out);
                   items_.back().text += e.text;
                   add("response.reasoning_text.delta", place() + "," + text_field("delta", e.text), out);
                 },
                 [&](const models::ToolCallBegin& e) {
                   open_item({.kind = Kind::call, .id = make_id("fc_"), .text = {}, .call_id = e.id, .name = e.name},
                             out);
                 },
                 [&](const models::ToolCallDelta& e) {
                   items_.back().text += e.arguments;
                   add("response.function_call_arguments.delta",
                       text_field("item_id", items_.back().id) +
                           fmt::format(",\"output_index\":{},", items_.size() - 1) + text_field("delta", e.arguments),
                       out);
                 },
                 [&](const models::ToolCallEnd&) { close_item(out); },
                 [&](const models::End& e) { end_ = e.reason; },
                 [](const models::PromptScores&) {},
             },
             event);
}

void ResponsesWriter::silence(std::string& out) {
  add("keepalive", "", out);
}

void ResponsesWriter::finish(const AnswerFacts& facts, std::string& out) {
  // An answer without a word has its message all the same.
  if (items_.empty()) open_item({.kind = Kind::message, .id = make_id("msg_")}, out);
  close_item(out);
  const std::string_view status = end_ == models::EndReason::length ? "incomplete" : "completed";
  const std::string response = response_json(status, items_, &facts.usage, nullptr);
  if (keep_) keep_(response);
  add(fmt::format("response.{}", status), "\"response\":" + response, out);
}

void ResponsesWriter::failure(const HttpError& error, std::string& out) {
  add("response.failed", "\"response\":" + response_json("failed", {}, nullptr, &error), out);
}

std::string ResponsesWriter::whole(std::span<const WholeChoice> choices, const AnswerFacts& facts) const {
  const WholeChoice& choice = choices.front();
  std::vector<Item> items;
  if (!choice.reasoning.empty())
    items.push_back({.kind = Kind::reasoning, .id = make_id("rs_"), .text = choice.reasoning});
  if (!choice.text.empty() || choice.calls.empty()) {
    items.push_back({.kind = Kind::message,
                     .id = make_id("msg_"),
                     .text = choice.text,
                     .call_id = {},
                     .name = {},
                     .logprobs = logprobs_of(choice.logprobs)});
  }
  for (const WholeCall& call : choice.calls) {
    items.push_back(
        {.kind = Kind::call, .id = make_id("fc_"), .text = call.arguments, .call_id = call.id, .name = call.name});
  }
  std::string response =
      response_json(choice.end == models::EndReason::length ? "incomplete" : "completed", items, &facts.usage, nullptr);
  if (keep_) keep_(response);
  return response;
}

}  // namespace quern::server

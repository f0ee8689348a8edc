#include "server/api/ollama/ollama_writer.hpp"

#include "server/api/dialect.hpp"
#include "server/api/frames.hpp"
#include "server/api/json_text.hpp"
#include "server/api/logprobs_json.hpp"
#include "server/api/timestamp.hpp"

#include <chrono>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace quern::server {
namespace {

std::int64_t ns(double seconds) {
  return static_cast<std::int64_t>(seconds * 1e9);
}

// Arguments are an object here, not text.
std::string call_json(const WholeCall& call, std::size_t index) {
  const bool is_object = call.arguments.starts_with('{');
  return "{" + text_field("id", call.id) + fmt::format(",\"function\":{{\"index\":{},", index) +
         text_field("name", call.name) + ",\"arguments\":" + (is_object ? call.arguments : "{}") + "}}";
}

std::string logprobs_json(std::span<const models::TokenLogprob> logprobs) {
  return ",\"logprobs\":[" + logprob_list(logprobs, {.empty_list_too = false}) + "]";
}

// Now, with nanoseconds.
std::string precise_time() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(now - seconds);
  std::string out = rfc3339(seconds.count());
  out.insert(out.size() - 1, fmt::format(".{:09}", rest.count()));
  return out;
}

}  // namespace

std::string OllamaWriter::open() const {
  return "{" + text_field("model", model_) + "," + text_field("created_at", precise_time()) + ",";
}

std::string OllamaWriter::part(std::string_view text, std::string_view reasoning, std::string_view calls) const {
  const bool chat = kind_ == Kind::chat;
  std::string out =
      chat ? R"("message":{"role":"assistant",)" + text_field("content", text) : text_field("response", text);
  if (!reasoning.empty()) out += "," + text_field("thinking", reasoning);
  if (!calls.empty()) out.append(",\"tool_calls\":[").append(calls).append("]");
  return chat ? out + "}" : out;
}

void OllamaWriter::event(const models::AnswerEvent& event, std::string& out) {
  const auto line = [&](std::string_view text, std::string_view reasoning, std::string_view calls,
                        std::span<const models::TokenLogprob> logprobs) {
    const std::string more = logprobs_ && !logprobs.empty() ? logprobs_json(logprobs) : "";
    append_line(out, open() + part(text, reasoning, calls) + ",\"done\":false" + more + "}");
  };
  std::visit(Overloaded{
                 [&](const models::TextDelta& e) { line(e.text, "", "", e.logprobs); },
                 [&](const models::ReasoningDelta& e) { line("", e.text, "", e.logprobs); },
                 [&](const models::ToolCallBegin& e) {
                   calls_[e.call] = {e.id, e.name, {}};
                 },
                 [&](const models::ToolCallDelta& e) { calls_[e.call].arguments += e.arguments; },
                 [&](const models::ToolCallEnd& e) { line("", "", call_json(calls_[e.call], e.call), {}); },
                 [&](const models::End& e) { end_ = e.reason; },
                 [](const models::PromptScores&) {},
             },
             event);
}

// There are no comments in lines of JSON: a piece without text is none to anybody.
void OllamaWriter::silence(std::string& out) {
  append_line(out, open() + part("", "", "") + ",\"done\":false}");
}

// Durations in nanoseconds. Waiting for a place counts as loading: so does a client that shows it.
std::string OllamaWriter::closing(models::EndReason end, const AnswerFacts& facts) const {
  const sched::RequestTimes& t = facts.status.times;
  const double total = t.queued + t.prefill + t.decode + t.parked + t.preempted;
  return fmt::format(R"(,"done":true,"done_reason":"{}","total_duration":{},"load_duration":{},"prompt_eval_count":{},)"
                     R"("prompt_eval_duration":{},"eval_count":{},"eval_duration":{}}})",
                     end == models::EndReason::length ? "length" : "stop", ns(total), ns(t.queued),
                     facts.usage.prompt_tokens, ns(t.prefill), facts.usage.completion_tokens,
                     ns(t.decode + t.parked + t.preempted));
}

void OllamaWriter::finish(const AnswerFacts& facts, std::string& out) {
  append_line(out, open() + part("", "", "") + closing(end_, facts));
}

void OllamaWriter::failure(const HttpError& error, std::string& out) {
  append_line(out, kOllama.error_body(error));
}

std::string OllamaWriter::whole(std::span<const WholeChoice> choices, const AnswerFacts& facts) const {
  const WholeChoice& choice = choices.front();
  std::string calls;
  for (std::size_t i = 0; i < choice.calls.size(); ++i) calls += (i == 0 ? "" : ",") + call_json(choice.calls[i], i);
  const std::string more = logprobs_ ? logprobs_json(choice.logprobs) : "";
  return open() + part(choice.text, choice.reasoning, calls) + more + closing(choice.end, facts);
}

std::string OllamaWriter::nothing(std::string_view done_reason) const {
  return open() + part("", "", "") + fmt::format(",\"done\":true,\"done_reason\":\"{}\"}}", done_reason);
}

}  // namespace quern::server

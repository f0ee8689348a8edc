#include "server/api/openai/openai_writer.hpp"

#include "server/api/dialect.hpp"
#include "server/api/frames.hpp"
#include "server/api/json_document.hpp"
#include "server/api/logprobs_json.hpp"
#include "server/api/timings_json.hpp"
#include "server/request_head.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <vector>

#include <fmt/format.h>

namespace quern::server {

Envelope make_envelope(std::string_view id_prefix, std::string model) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return {.id = make_id(id_prefix), .created_unix_s = now.time_since_epoch().count(), .model = std::move(model)};
}

std::string OpenAiWriter::open_object(std::string_view object) const {
  std::string out = "{\"id\":";
  append_json_string(out, envelope_.id);
  fmt::format_to(std::back_inserter(out), ",\"object\":\"{}\",\"created\":{},\"model\":", object,
                 envelope_.created_unix_s);
  append_json_string(out, envelope_.model);
  out += ",\"system_fingerprint\":\"fp_quern_" QUERN_VERSION "\",";
  return out;
}

void OpenAiWriter::add_chunk(std::string& out, std::uint32_t choice, std::string_view choice_fields) const {
  std::string chunk = open_object(chunk_object());
  fmt::format_to(std::back_inserter(chunk), "\"choices\":[{{\"index\":{},{}}}]{}}}", choice, choice_fields,
                 (include_usage_ ? ",\"usage\":null" : "") + timings_);
  append_data(out, chunk);
}

void OpenAiWriter::progress(const AnswerFacts& facts) {
  timings_ = ",\"timings\":" + timings_json(facts.status);
}

std::string OpenAiWriter::whole_end(const AnswerFacts& facts) const {
  return "],\"usage\":" + usage_json(facts.usage) +
         (wants_timings_ ? ",\"timings\":" + timings_json(facts.status) : "") + "}";
}

void OpenAiWriter::silence(std::string& out) {
  append_comment(out);
}

void OpenAiWriter::finish(const AnswerFacts& facts, std::string& out) {
  if (include_usage_) append_data(out, open_object(chunk_object()) + "\"choices\":[" + whole_end(facts));
  append_data(out, "[DONE]");
}

void OpenAiWriter::failure(const HttpError& error, std::string& out) {
  append_data(out, kOpenAi.error_body(error));
}

std::string usage_json(const models::Usage& usage) {
  return fmt::format(
      "{{\"prompt_tokens\":{},\"completion_tokens\":{},\"total_tokens\":{},"
      "\"prompt_tokens_details\":{{\"cached_tokens\":{}}},\"completion_tokens_details\":{{\"reasoning_tokens\":{}}}}}",
      usage.prompt_tokens, usage.completion_tokens, usage.prompt_tokens + usage.completion_tokens, usage.cached_tokens,
      usage.reasoning_tokens);
}

std::string_view finish_reason(models::EndReason reason) noexcept {
  switch (reason) {
    case models::EndReason::length:
      return "length";
    case models::EndReason::tool_calls:
      return "tool_calls";
    default:
      return "stop";
  }
}

std::string chat_logprobs_json(std::span<const models::TokenLogprob> logprobs) {
  return "{\"content\":[" + logprob_list(logprobs) + "],\"refusal\":null}";
}

namespace {

// {"a": -0.1, "b": -2}; the token that was drawn is always among them. Of tokens with one text the likeliest.
std::string alternatives_json(const models::TokenLogprob& entry) {
  std::string out = "{";
  std::vector<std::string_view> seen;
  const auto add = [&](std::string_view text, double logprob) {
    if (std::ranges::find(seen, text) != seen.end()) return;
    if (!seen.empty()) out += ',';
    seen.push_back(text);
    append_json_string(out, text);
    fmt::format_to(std::back_inserter(out), ":{}", logprob);
  };
  for (const models::TokenChance& other : entry.top) add(other.text, other.logprob);
  add(entry.text, entry.logprob);
  return out + "}";
}

}  // namespace

std::string completion_logprobs_json(std::span<const models::TokenLogprob> logprobs, bool alternatives) {
  std::string tokens, values, offsets, tops;
  for (const models::TokenLogprob& entry : logprobs) {
    const std::string_view comma = tokens.empty() ? "" : ",";
    tokens += comma;
    append_json_string(tokens, entry.text);
    fmt::format_to(std::back_inserter(values), "{}{}", comma, entry.logprob);
    fmt::format_to(std::back_inserter(offsets), "{}{}", comma, entry.text_offset);
    if (alternatives) tops.append(comma).append(alternatives_json(entry));
  }
  return fmt::format("{{\"tokens\":[{}],\"token_logprobs\":[{}],\"top_logprobs\":{},\"text_offset\":[{}]}}", tokens,
                     values, alternatives ? "[" + tops + "]" : "null", offsets);
}

}  // namespace quern::server

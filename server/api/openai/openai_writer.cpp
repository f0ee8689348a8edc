#include "server/api/openai/openai_writer.hpp"

#include "server/api/dialect.hpp"
#include "server/api/frames.hpp"
#include "server/api/json_document.hpp"
#include "server/api/json_text.hpp"
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

void CompletionLogprobs::add(std::span<const models::TokenLogprob> tokens, std::size_t n_before, bool from_start) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const models::TokenLogprob& entry = tokens[i];
    const std::string_view comma = tokens_.empty() ? "" : ",";
    const bool known = i > 0 || !from_start;
    tokens_ += comma;
    append_json_string(tokens_, entry.text);
    fmt::format_to(std::back_inserter(offsets_), "{}{}", comma, entry.text_offset + n_before);
    values_.append(comma).append(known ? fmt::format("{}", entry.logprob) : "null");
    if (alternatives_) tops_.append(comma).append(known ? alternatives_json(entry) : "null");
  }
}

std::string CompletionLogprobs::json() const {
  return fmt::format("{{\"tokens\":[{}],\"token_logprobs\":[{}],\"top_logprobs\":{},\"text_offset\":[{}]}}", tokens_,
                     values_, alternatives_ ? "[" + tops_ + "]" : "null", offsets_);
}

std::string prompt_logprobs_json(std::span<const models::TokenLogprob> tokens) {
  const auto append = [](std::string& out, std::int64_t id, double logprob, std::size_t rank, std::string_view text) {
    fmt::format_to(std::back_inserter(out), "{}\"{}\":{{\"logprob\":{},\"rank\":{},", out.back() == '{' ? "" : ",", id,
                   logprob, rank);
    out += text_field("decoded_token", text) + "}";
  };
  std::string out = "[null";
  for (const models::TokenLogprob& entry : tokens.subspan(std::min<std::size_t>(1, tokens.size()))) {
    out += ",{";
    bool listed = false;
    for (std::size_t i = 0; i < entry.top.size(); ++i) {
      listed = listed || entry.top[i].token == entry.token;
      append(out, entry.top[i].token, entry.top[i].logprob, i + 1, entry.top[i].text);
    }
    if (!listed) append(out, entry.token, entry.logprob, entry.rank, entry.text);
    out += '}';
  }
  return out + "]";
}

}  // namespace quern::server

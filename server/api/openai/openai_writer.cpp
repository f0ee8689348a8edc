#include "server/api/openai/openai_writer.hpp"

#include "server/api/dialect.hpp"
#include "server/api/frames.hpp"
#include "server/api/json_document.hpp"
#include "server/request_head.hpp"

#include <chrono>
#include <iterator>

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
                 include_usage_ ? ",\"usage\":null" : "");
  append_data(out, chunk);
}

void OpenAiWriter::silence(std::string& out) {
  append_comment(out);
}

void OpenAiWriter::finish(const AnswerFacts& facts, std::string& out) {
  if (include_usage_) {
    append_data(out, open_object(chunk_object()) + "\"choices\":[],\"usage\":" + usage_json(facts.usage) + "}");
  }
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
  std::string out = "{\"content\":[";
  for (const models::TokenLogprob& entry : logprobs) {
    if (out.back() != '[') out += ',';
    out += "{\"token\":";
    append_json_string(out, entry.text);
    fmt::format_to(std::back_inserter(out), ",\"logprob\":{},\"bytes\":[", entry.logprob);
    for (const char c : entry.bytes) {
      if (out.back() != '[') out += ',';
      fmt::format_to(std::back_inserter(out), "{}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
    out += "],\"top_logprobs\":[]}";
  }
  out += "],\"refusal\":null}";
  return out;
}

std::string completion_logprobs_json(std::span<const models::TokenLogprob> logprobs) {
  std::string tokens, values, offsets;
  for (const models::TokenLogprob& entry : logprobs) {
    const std::string_view comma = tokens.empty() ? "" : ",";
    tokens += comma;
    append_json_string(tokens, entry.text);
    fmt::format_to(std::back_inserter(values), "{}{}", comma, entry.logprob);
    fmt::format_to(std::back_inserter(offsets), "{}{}", comma, entry.text_offset);
  }
  return fmt::format("{{\"tokens\":[{}],\"token_logprobs\":[{}],\"top_logprobs\":null,\"text_offset\":[{}]}}", tokens,
                     values, offsets);
}

}  // namespace quern::server

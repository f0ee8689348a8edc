#include "server/api/answer_shape.hpp"

#include "engine/tokenizer/utf8.hpp"
#include "server/api/json_document.hpp"

#include <cmath>
#include <iterator>

#include <fmt/format.h>

namespace quern::server {
namespace {

// JSON knows no infinities: the lowest that clients compute with, as other servers send it.
double finite(float logprob) noexcept {
  return std::isfinite(logprob) ? static_cast<double>(logprob) : -9999.0;
}

std::string piece_text(const engine::Tokenizer& tokenizer, engine::TokenId token) {
  return engine::replace_invalid_bytes(tokenizer.piece(token, true));
}

}  // namespace

std::string AnswerShape::open_object(std::string_view object) const {
  std::string out = "{\"id\":";
  append_json_string(out, envelope_.id);
  fmt::format_to(std::back_inserter(out), ",\"object\":\"{}\",\"created\":{},\"model\":", object,
                 envelope_.created_unix_s);
  append_json_string(out, envelope_.model);
  out += ",\"system_fingerprint\":\"fp_quern_" QUERN_VERSION "\",";
  return out;
}

std::string AnswerShape::chunk_with(std::uint32_t choice, std::string_view choice_fields) const {
  std::string out = open_object(chunk_object());
  fmt::format_to(std::back_inserter(out), "\"choices\":[{{\"index\":{},{}}}]{}}}", choice, choice_fields,
                 include_usage_ ? ",\"usage\":null" : "");
  return out;
}

std::string AnswerShape::usage_chunk(const Usage& usage) const {
  return open_object(chunk_object()) + "\"choices\":[],\"usage\":" + usage_json(usage) + "}";
}

std::string usage_json(const Usage& usage) {
  return fmt::format(
      "{{\"prompt_tokens\":{},\"completion_tokens\":{},\"total_tokens\":{},"
      "\"prompt_tokens_details\":{{\"cached_tokens\":{}}}}}",
      usage.prompt_tokens, usage.completion_tokens, usage.prompt_tokens + usage.completion_tokens, usage.cached_tokens);
}

std::string chat_logprobs_json(std::span<const TokenLogprob> logprobs, const engine::Tokenizer& tokenizer) {
  std::string out = "{\"content\":[";
  for (const TokenLogprob& entry : logprobs) {
    if (out.back() != '[') out += ',';
    out += "{\"token\":";
    append_json_string(out, piece_text(tokenizer, entry.token));
    fmt::format_to(std::back_inserter(out), ",\"logprob\":{},\"bytes\":[", finite(entry.logprob));
    // What it put into the text, so that the bytes of all make up the text: of half a character its half, of a control
    // token nothing.
    for (const char c : tokenizer.piece(entry.token, false)) {
      if (out.back() != '[') out += ',';
      fmt::format_to(std::back_inserter(out), "{}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
    out += "],\"top_logprobs\":[]}";
  }
  out += "],\"refusal\":null}";
  return out;
}

std::string completion_logprobs_json(std::span<const TokenLogprob> logprobs, const engine::Tokenizer& tokenizer) {
  std::string tokens, values, offsets;
  for (const TokenLogprob& entry : logprobs) {
    const std::string_view comma = tokens.empty() ? "" : ",";
    tokens += comma;
    append_json_string(tokens, piece_text(tokenizer, entry.token));
    fmt::format_to(std::back_inserter(values), "{}{}", comma, finite(entry.logprob));
    fmt::format_to(std::back_inserter(offsets), "{}{}", comma, entry.text_offset);
  }
  return fmt::format("{{\"tokens\":[{}],\"token_logprobs\":[{}],\"top_logprobs\":null,\"text_offset\":[{}]}}", tokens,
                     values, offsets);
}

}  // namespace quern::server

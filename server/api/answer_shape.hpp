// How an endpoint writes an answer as JSON: chunks of a stream, or the whole. Shapes are those that the official OpenAI
// clients parse. Threads: const after creation.
#pragma once

#include "server/api/answer.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quern::server {

// All of one choice, for an answer that is not streamed.
struct WholeChoice {
  std::string text;
  std::vector<TokenLogprob> logprobs;
  sched::FinishReason finish = sched::FinishReason::none;
};

// What every object of an answer begins with.
struct Envelope {
  std::string id;
  std::int64_t created_unix_s = 0;
  std::string model;
};

class AnswerShape {
 public:
  AnswerShape(Envelope envelope, const engine::Tokenizer& tokenizer, bool logprobs, bool include_usage)
      : envelope_(std::move(envelope)), tokenizer_(tokenizer), logprobs_(logprobs), include_usage_(include_usage) {}
  virtual ~AnswerShape() = default;

  virtual std::string opening(std::uint32_t choice) const = 0;  // first chunk of a choice; empty: none
  virtual std::string chunk(const Delta& delta) const = 0;      // its text
  virtual std::string closing(const Delta& delta) const = 0;    // its finish reason
  virtual std::string whole(std::span<const WholeChoice> choices, const Usage& usage) const = 0;
  std::string usage_chunk(const Usage& usage) const;  // choices: []

 protected:
  virtual std::string_view chunk_object() const = 0;
  // {"id": ..., "object": ..., "created": ..., "model": ..., "system_fingerprint": ...,   (open, ends with a comma)
  std::string open_object(std::string_view object) const;
  // open_object, one choice ("index" is written here, `choice_fields` follow it), and "usage": null where a usage chunk
  // will follow.
  std::string chunk_with(std::uint32_t choice, std::string_view choice_fields) const;

  Envelope envelope_;
  const engine::Tokenizer& tokenizer_;
  const bool logprobs_;
  const bool include_usage_;
};

std::string usage_json(const Usage& usage);
// {"content": [{"token", "logprob", "bytes", "top_logprobs": []}]}: the logprobs object of chat completions. In "token"
// bytes that are no whole character are U+FFFD, and control tokens have their names.
std::string chat_logprobs_json(std::span<const TokenLogprob> logprobs, const engine::Tokenizer& tokenizer);
// {"tokens", "token_logprobs", "top_logprobs": null, "text_offset"}: that of completions.
std::string completion_logprobs_json(std::span<const TokenLogprob> logprobs, const engine::Tokenizer& tokenizer);

}  // namespace quern::server

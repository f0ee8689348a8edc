// What the answers of the OpenAI API have in common: objects, usage, log-probabilities, and a stream of data events
// that [DONE] ends. Shapes are those that the official clients parse. Threads: see AnswerWriter.
// Source: the OpenAI API reference, "Completions (legacy)" and "Chat Completions".
#pragma once

#include "server/api/answer_writer.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace quern::server {

// What every object of an answer begins with.
struct Envelope {
  std::string id;
  std::int64_t created_unix_s = 0;
  std::string model;
};
Envelope make_envelope(std::string_view id_prefix, std::string model);

class OpenAiWriter : public AnswerWriter {
 public:
  OpenAiWriter(Envelope envelope, bool logprobs, bool include_usage, bool timings = false)
      : envelope_(std::move(envelope)), logprobs_(logprobs), include_usage_(include_usage), wants_timings_(timings) {}

  bool wants_progress() const noexcept final { return wants_timings_; }
  void progress(const AnswerFacts& facts) final;

  void silence(std::string& out) final;
  void finish(const AnswerFacts& facts, std::string& out) final;
  void failure(const HttpError& error, std::string& out) final;

 protected:
  virtual std::string_view chunk_object() const = 0;
  // {"id": ..., "object": ..., "created": ..., "model": ..., "system_fingerprint": ...,   (open, ends with a comma)
  std::string open_object(std::string_view object) const;
  // An event of one choice: open_object, "index", `choice_fields`, and "usage": null where a usage chunk will follow.
  void add_chunk(std::string& out, std::uint32_t choice, std::string_view choice_fields) const;

  // The end of a whole answer behind its choices: usage, and timings where they are wanted.
  std::string whole_end(const AnswerFacts& facts) const;

  const Envelope envelope_;
  const bool logprobs_;
  const bool include_usage_;

 private:
  const bool wants_timings_;
  std::string timings_;  // ,"timings": {...}: as of the last progress()
};

// Before the number, in the answer of endpoints that count.
inline constexpr std::string_view kCountOpening = R"({"object":"response.input_tokens","input_tokens":)";

std::string usage_json(const models::Usage& usage);
std::string_view finish_reason(models::EndReason reason) noexcept;
// {"content": [{"token", "logprob", "bytes", "top_logprobs": [...]}]}: the logprobs object of chat completions.
std::string chat_logprobs_json(std::span<const models::TokenLogprob> logprobs);

// {"tokens", "token_logprobs", "top_logprobs", "text_offset"}: that of completions; without alternatives null.
class CompletionLogprobs {
 public:
  explicit CompletionLogprobs(bool alternatives) noexcept : alternatives_(alternatives) {}
  // n_before: characters before the text that they are of. from_start: of the first of them nothing is known.
  void add(std::span<const models::TokenLogprob> tokens, std::size_t n_before = 0, bool from_start = false);
  std::string json() const;

 private:
  const bool alternatives_;
  std::string tokens_, values_, offsets_, tops_;
};
// [null, {"7": {"logprob", "rank", "decoded_token"}, ...}]: those of a prompt as vLLM has them, by id.
std::string prompt_logprobs_json(std::span<const models::TokenLogprob> tokens);

}  // namespace quern::server

// The answer of a chat completion. Threads: see AnswerWriter.
#pragma once

#include "server/api/openai/openai_writer.hpp"

namespace quern::server {

class ChatWriter final : public OpenAiWriter {
 public:
  using OpenAiWriter::OpenAiWriter;
  void begin(const AnswerFacts& facts, std::uint32_t n_choices, std::string& out) override;
  void event(const models::AnswerEvent& event, std::string& out) override;
  std::string whole(std::span<const WholeChoice> choices, const AnswerFacts& facts) const override;

 private:
  std::string_view chunk_object() const override { return "chat.completion.chunk"; }
  std::string logprobs_json(std::span<const models::TokenLogprob> logprobs) const;
  void add_delta(std::string& out, std::uint32_t choice, std::string_view delta, std::string_view logprobs) const;
};

}  // namespace quern::server

// The answer of a completion. Threads: see AnswerWriter.
#pragma once

#include "server/api/openai/openai_writer.hpp"

namespace quern::server {

class CompletionWriter final : public OpenAiWriter {
 public:
  using OpenAiWriter::OpenAiWriter;
  void begin(const AnswerFacts&, std::uint32_t, std::string&) override {}
  void event(const models::AnswerEvent& event, std::string& out) override;
  std::string whole(std::span<const WholeChoice> choices, const AnswerFacts& facts) const override;

 private:
  std::string_view chunk_object() const override { return "text_completion"; }
  std::string choice_fields(std::string_view text, std::span<const models::TokenLogprob> logprobs,
                            models::EndReason end) const;
};

}  // namespace quern::server

// The answer of a completion. Threads: see AnswerWriter.
#pragma once

#include "server/api/openai/openai_writer.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quern::server {

class CompletionWriter final : public OpenAiWriter {
 public:
  using OpenAiWriter::OpenAiWriter;
  // What stands before the answers: the text of each prompt. None, or as many as there are prompts.
  void set_echoes(std::vector<std::string> echoes) { echoes_ = std::move(echoes); }
  void set_alternatives(bool wanted) noexcept { alternatives_ = wanted; }

  void begin(const AnswerFacts& facts, std::uint32_t n_choices, std::string& out) override;
  void event(const models::AnswerEvent& event, std::string& out) override;
  std::string whole(std::span<const WholeChoice> choices, const AnswerFacts& facts) const override;

 private:
  std::string_view chunk_object() const override { return "text_completion"; }
  std::string choice_fields(std::string_view text, std::span<const models::TokenLogprob> logprobs,
                            models::EndReason end) const;
  std::string_view echo_of(std::size_t choice, std::size_t n_choices) const;

  std::vector<std::string> echoes_;
  bool alternatives_ = false;
};

}  // namespace quern::server

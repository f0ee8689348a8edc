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
  void set_lists_prompt(bool wanted) noexcept { lists_prompt_ = wanted; }  // of whole answers: as vLLM has it

  void begin(const AnswerFacts& facts, std::uint32_t n_choices, std::string& out) override;
  void event(const models::AnswerEvent& event, std::string& out) override;
  std::string whole(std::span<const WholeChoice> choices, const AnswerFacts& facts) const override;

 private:
  std::string_view chunk_object() const override { return "text_completion"; }
  std::string choice_fields(std::string_view text, const CompletionLogprobs& logprobs, models::EndReason end) const;
  std::string whole_fields(const WholeChoice& choice, std::string_view echo) const;
  std::string_view echo_of(std::size_t choice, std::size_t n_choices) const;

  std::vector<std::string> echoes_;
  std::vector<std::size_t> n_before_;  // of a stream with echoes: characters of each choice's prompt
  std::vector<bool> scored_;           // of a stream: the first token of each choice's prompt has been written
  bool alternatives_ = false, lists_prompt_ = false;
};

}  // namespace quern::server

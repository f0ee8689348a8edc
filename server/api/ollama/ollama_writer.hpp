// The answers of Ollama's API: lines of JSON, the last with done: true and the times. Threads: see AnswerWriter.
#pragma once

#include "server/api/answer_writer.hpp"

#include <map>
#include <string>

namespace quern::server {

class OllamaWriter final : public AnswerWriter {
 public:
  enum class Kind : unsigned char { chat, generate };
  OllamaWriter(Kind kind, std::string model, bool logprobs)
      : kind_(kind), model_(std::move(model)), logprobs_(logprobs) {}

  std::string_view stream_type() const noexcept override { return "application/x-ndjson"; }
  void begin(const AnswerFacts&, std::uint32_t, std::string&) override {}
  void event(const models::AnswerEvent& event, std::string& out) override;
  void silence(std::string& out) override;
  void finish(const AnswerFacts& facts, std::string& out) override;
  void failure(const HttpError& error, std::string& out) override;
  std::string whole(std::span<const WholeChoice> choices, const AnswerFacts& facts) const override;

  // The answer to a request that only wants the model loaded or unloaded.
  std::string nothing(std::string_view done_reason) const;

 private:
  std::string open() const;  // {"model", "created_at",
  std::string part(std::string_view text, std::string_view reasoning, std::string_view calls) const;
  std::string closing(models::EndReason end, const AnswerFacts& facts) const;

  const Kind kind_;
  const std::string model_;
  const bool logprobs_;
  std::map<std::uint32_t, WholeCall> calls_;  // that have begun
  models::EndReason end_ = models::EndReason::turn;
};

}  // namespace quern::server

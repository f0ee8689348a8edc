// The answer of /completion and /infill: one object per choice, or a stream of data events of which each choice's last
// says stop: true. Threads: see AnswerWriter.
#pragma once

#include "server/api/answer_writer.hpp"
#include "server/api/generation_json.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quern::server {

// What an answer says of its request.
struct NativeFacts {
  std::string model;
  std::vector<std::string> prompts;  // their texts, with control tokens
  std::string settings;              // generation_settings: a JSON object
  engine::sampling::LogprobWish logprobs;
  bool tokens = false, timings = false;
};

// generation_settings of a request.
json::object native_settings(const GenerationFields& fields);

class NativeWriter final : public AnswerWriter {
 public:
  explicit NativeWriter(NativeFacts facts) : request_(std::move(facts)) {}

  void begin(const AnswerFacts& facts, std::uint32_t n_choices, std::string& out) override;
  bool wants_progress() const noexcept override { return true; }
  void progress(const AnswerFacts& facts) override { now_ = facts; }
  void event(const models::AnswerEvent& event, std::string& out) override;
  void silence(std::string& out) override;
  void finish(const AnswerFacts&, std::string&) override {}
  void failure(const HttpError& error, std::string& out) override;
  std::string whole(std::span<const WholeChoice> choices, const AnswerFacts& facts) const override;

 private:
  // {"index", "content", "tokens", "id_slot", "stop", counts: open, without its end.
  std::string open(std::size_t choice, std::string_view content, std::span<const models::TokenLogprob> tokens,
                   bool last, const sched::RequestStatus& status) const;
  std::string probabilities(std::span<const models::TokenLogprob> tokens) const;
  std::string closing(std::size_t choice, std::size_t n_choices, models::EndReason end, std::string_view stop_sequence,
                      bool has_new_line, const sched::RequestStatus& status) const;

  const NativeFacts request_;
  AnswerFacts now_;                 // of a stream: as of the last progress()
  std::vector<bool> has_new_line_;  // of a stream: each choice so far
};

}  // namespace quern::server

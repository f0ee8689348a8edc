// The choices of one task of a model on this machine: events of several tickets, merged, become text.
// Threads: made by any, then the executor's strand. Ownership: owns the tickets; destroying it cancels what still runs.
#pragma once

#include "models/generator.hpp"
#include "models/local/text_assembler.hpp"
#include "models/local/ticket_set.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace quern::models {

// What a stream has to know of its task.
struct StreamPlan {
  std::vector<std::string> stops;
  std::size_t n_named_stops = 0;
  engine::tools::AnswerFormat format;
  std::vector<engine::TokenId> shown_tokens;
  bool logprobs = false;  // deltas come with their tokens
  bool prompt_logprobs = false;
  std::uint64_t n_prompt_tokens = 0;  // each prompt once
  std::uint32_t n_per_prompt = 1;
};

class LocalStream final : public AnswerStream {
 public:
  LocalStream(std::vector<sched::Ticket> tickets, net::any_io_executor executor, const engine::Tokenizer& tokenizer,
              StreamPlan plan);

  net::awaitable<bool> begun(Duration timeout) override { return tickets_.begun(timeout); }
  net::awaitable<Result<std::vector<AnswerEvent>>> next(Duration timeout) override;
  bool finished() const noexcept override { return n_unfinished_ == 0; }
  std::uint32_t n_choices() const noexcept override { return static_cast<std::uint32_t>(choices_.size()); }
  Usage usage() const override;
  sched::RequestStatus status(TimePoint now) const override { return tickets_.status(0, now); }
  std::vector<sched::RequestStatus> statuses(TimePoint now) const override;
  std::vector<sched::RequestId> ids() const override;
  std::function<void()> cancel_hook() override { return tickets_.cancel_all_hook(); }

 private:
  struct Choice {
    TextAssembler text;
    engine::tools::AnswerParser parser;
    std::uint64_t n_reasoning = 0;  // tokens
    std::uint32_t n_calls = 0;      // that are whole
    bool prompt_told = false;
    bool finished = false;
  };

  net::awaitable<void> tell_prompt(std::uint32_t choice, std::vector<AnswerEvent>& out);
  Status take(const ChoiceEvent& event, std::vector<AnswerEvent>& out);
  // events: what the parser makes of the text so far. last: nothing comes after them.
  void add(std::uint32_t choice, std::vector<engine::tools::Event> events, bool last, std::vector<AnswerEvent>& out);
  std::string call_id(const engine::tools::CallBegin& call) const;
  void end(std::uint32_t choice, EndReason reason, std::vector<AnswerEvent>& out);

  TicketSet tickets_;
  const net::any_io_executor executor_;
  const engine::Tokenizer& tokenizer_;
  const StreamPlan plan_;
  std::vector<Choice> choices_;
  std::vector<ChoiceEvent> events_;
  std::size_t n_unfinished_;
};

}  // namespace quern::models

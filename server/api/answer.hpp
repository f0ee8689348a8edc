// The choices of one generation request on their way to the client: events of several tickets, merged, become text
// deltas. Threads: the connection's strand. Ownership: owns the tickets; destroying it cancels what still runs.
#pragma once

#include "base/result.hpp"
#include "sched/scheduler.hpp"
#include "server/api/ticket_set.hpp"
#include "server/text_assembler.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quern::server {

struct Usage {
  std::uint64_t prompt_tokens = 0;      // each prompt once, whatever n is
  std::uint64_t completion_tokens = 0;  // of all choices, including those of a stop string
  std::uint64_t cached_tokens = 0;      // of prompt_tokens: keys and values were there already
};

// Something new of one choice: text, its log-probabilities, or its end.
struct Delta {
  std::uint32_t choice = 0;
  std::string text;
  std::vector<TokenLogprob> logprobs;
  sched::FinishReason finish = sched::FinishReason::none;  // stop or length
};

class Answer {
 public:
  Answer(std::vector<sched::Ticket> tickets, net::any_io_executor executor, const engine::Tokenizer& tokenizer,
         const std::vector<std::string>& stops, bool keep_logprobs, std::uint64_t n_prompt_tokens,
         std::uint32_t n_per_prompt);

  // Waits for the next deltas. Empty: nothing came within the timeout (zero: no timeout), or it is over.
  // Errors: cancelled (by the client's leaving, a newer request or an operator), overloaded (too late before it began),
  // io (the model failed), corrupt (its output is invalid).
  net::awaitable<Result<std::vector<Delta>>> next(Duration timeout);

  bool finished() const noexcept { return n_unfinished_ == 0; }
  Usage usage() const;
  sched::RequestStatus status(TimePoint now) const { return tickets_.status(0, now); }  // of the first choice
  std::uint32_t n_choices() const noexcept { return static_cast<std::uint32_t>(choices_.size()); }
  TicketSet& tickets() noexcept { return tickets_; }

 private:
  struct Choice {
    TextAssembler text;
    bool finished = false;
  };

  Status take(const ChoiceEvent& event, std::vector<Delta>& out);

  TicketSet tickets_;
  std::vector<Choice> choices_;
  std::vector<ChoiceEvent> events_;
  std::size_t n_unfinished_;
  const std::uint64_t n_prompt_tokens_;
  const std::uint32_t n_per_prompt_;
};

}  // namespace quern::server

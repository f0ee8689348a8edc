#include "models/local/local_stream.hpp"

#include <utility>

namespace quern::models {
namespace {

// What a model computes contradicts itself as a damaged file does, of which it is the usual sign.
Error failure(const sched::TokenEvent& last) {
  const bool broken = last.fault != engine::sampling::RowFault::none;
  return fail(broken ? Errc::corrupt : Errc::io, "{}", sched::failure_text(last));
}

}  // namespace

LocalStream::LocalStream(std::vector<sched::Ticket> tickets, net::any_io_executor executor,
                         const engine::Tokenizer& tokenizer, StreamPlan plan)
    : tickets_(std::move(tickets), std::move(executor)), plan_(std::move(plan)), n_unfinished_(tickets_.size()) {
  choices_.reserve(tickets_.size());
  for (std::size_t i = 0; i < tickets_.size(); ++i) {
    choices_.push_back({TextAssembler(tokenizer, plan_.stops, plan_.logprobs)});
  }
}

net::awaitable<Result<std::vector<AnswerEvent>>> LocalStream::next(Duration timeout) {
  std::vector<AnswerEvent> out;
  while (out.empty() && !finished()) {  // tokens may say nothing yet: half a character, the start of a stop string
    events_.clear();
    co_await tickets_.next(events_, timeout);
    if (events_.empty() && timeout == Duration::zero()) co_return fail(Errc::cancelled, "the request was cancelled");
    if (events_.empty()) break;
    for (const ChoiceEvent& event : events_) {
      const Status status = take(event, out);
      if (!status) co_return status.error();
    }
  }
  co_return out;
}

void LocalStream::end(std::uint32_t index, EndReason reason, std::vector<AnswerEvent>& out) {
  Choice& choice = choices_[index];
  End end{.choice = index, .reason = reason};
  if (choice.text.stopped()) {
    const std::size_t found = choice.text.found_stop();
    const bool named = found < plan_.n_named_stops;
    end.reason = named ? EndReason::stop_sequence : EndReason::turn;
    if (named) end.stop_sequence = plan_.stops[found];
  }
  out.push_back(std::move(end));
  choice.finished = true;
  --n_unfinished_;
}

Status LocalStream::take(const ChoiceEvent& event, std::vector<AnswerEvent>& out) {
  Choice& choice = choices_[event.choice];
  if (choice.finished) return {};  // the tail of a sequence that a stop string has ended
  TextDelta delta{.choice = event.choice};
  EndReason reason = EndReason::none;
  if (event.event.token != engine::kNoToken) delta.text = choice.text.append(event.event.token, event.event.logprob);
  if (choice.text.stopped()) {
    tickets_.stop(event.choice);
    reason = EndReason::turn;
  } else if (event.event.finish != sched::FinishReason::none) {
    if (event.event.finish == sched::FinishReason::cancelled) return fail(Errc::cancelled, "the request was cancelled");
    if (event.event.finish == sched::FinishReason::failed) return failure(event.event);
    if (event.event.finish == sched::FinishReason::refused) {
      return fail(Errc::overloaded, "{}", tickets_.refusal(event.choice));
    }
    const bool late = event.event.finish == sched::FinishReason::timed_out;
    if (late && choice.text.n_tokens() == 0) return fail(Errc::overloaded, "deadline_ms or max_queue_ms has passed");
    delta.text += choice.text.finish();
    // Cut by its deadline, an answer is as incomplete as one cut by max_tokens.
    reason = event.event.finish == sched::FinishReason::stop ? EndReason::turn : EndReason::length;
  }
  delta.logprobs = choice.text.take_logprobs();
  if (!delta.text.empty() || !delta.logprobs.empty()) out.push_back(std::move(delta));
  if (reason != EndReason::none) end(event.choice, reason, out);
  return {};
}

Usage LocalStream::usage() const {
  Usage usage{.prompt_tokens = plan_.n_prompt_tokens};
  for (std::uint32_t choice = 0; choice < n_choices(); choice += plan_.n_per_prompt) {
    usage.cached_tokens += tickets_.status(choice, TimePoint{}).n_cached;
  }
  for (const Choice& choice : choices_) usage.completion_tokens += choice.text.n_tokens();
  return usage;
}

std::vector<sched::RequestId> LocalStream::ids() const {
  std::vector<sched::RequestId> out;
  for (std::uint32_t choice = 0; choice < n_choices(); ++choice) out.push_back(tickets_.id(choice));
  return out;
}

}  // namespace quern::models

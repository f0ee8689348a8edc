#include "server/api/answer.hpp"

#include <utility>

namespace quern::server {
namespace {

// What a model computes contradicts itself as a damaged file does, of which it is the usual sign.
Error failure(const sched::TokenEvent& last) {
  const bool broken = last.fault != engine::sampling::RowFault::none;
  return fail(broken ? Errc::corrupt : Errc::io, "{}", sched::failure_text(last));
}

}  // namespace

Answer::Answer(std::vector<sched::Ticket> tickets, net::any_io_executor executor, const engine::Tokenizer& tokenizer,
               const std::vector<std::string>& stops, bool keep_logprobs, std::uint64_t n_prompt_tokens,
               std::uint32_t n_per_prompt)
    : tickets_(std::move(tickets), std::move(executor)),
      n_unfinished_(tickets_.size()),
      n_prompt_tokens_(n_prompt_tokens),
      n_per_prompt_(n_per_prompt) {
  choices_.reserve(tickets_.size());
  for (std::size_t i = 0; i < tickets_.size(); ++i) {
    choices_.push_back({TextAssembler(tokenizer, stops, keep_logprobs)});
  }
}

net::awaitable<Result<std::vector<Delta>>> Answer::next(Duration timeout) {
  std::vector<Delta> deltas;
  while (deltas.empty() && !finished()) {  // events may say nothing yet: half a character, the start of a stop string
    events_.clear();
    co_await tickets_.next(events_, timeout);
    if (events_.empty() && timeout == Duration::zero()) co_return fail(Errc::cancelled, "the request was cancelled");
    if (events_.empty()) break;
    for (const ChoiceEvent& event : events_) {
      const Status status = take(event, deltas);
      if (!status) co_return status.error();
    }
  }
  co_return deltas;
}

Status Answer::take(const ChoiceEvent& event, std::vector<Delta>& out) {
  Choice& choice = choices_[event.choice];
  if (choice.finished) return {};  // the tail of a sequence that a stop string has ended
  Delta delta{.choice = event.choice};
  if (event.event.token != engine::kNoToken) delta.text = choice.text.append(event.event.token, event.event.logprob);
  if (choice.text.stopped()) {
    tickets_.stop(event.choice);
    delta.finish = sched::FinishReason::stop;
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
    const sched::FinishReason reason = late ? sched::FinishReason::length : event.event.finish;
    delta.finish = choice.text.stopped() ? sched::FinishReason::stop : reason;
  }
  delta.logprobs = choice.text.take_logprobs();
  if (delta.finish != sched::FinishReason::none) {
    choice.finished = true;
    --n_unfinished_;
  }
  const bool news = !delta.text.empty() || !delta.logprobs.empty() || delta.finish != sched::FinishReason::none;
  if (news) out.push_back(std::move(delta));
  return {};
}

Usage Answer::usage() const {
  Usage usage{.prompt_tokens = n_prompt_tokens_};
  for (std::uint32_t choice = 0; choice < n_choices(); choice += n_per_prompt_) {
    usage.cached_tokens += tickets_.status(choice, TimePoint{}).n_cached;
  }
  for (const Choice& choice : choices_) usage.completion_tokens += choice.text.n_tokens();
  return usage;
}

}  // namespace quern::server

#include "models/local/local_stream.hpp"

#include "models/local/token_text.hpp"

#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace quern::models {
namespace {

// What a model computes contradicts itself as a damaged file does, of which it is the usual sign.
Error failure(const sched::TokenEvent& last) {
  const bool broken = last.fault != engine::sampling::RowFault::none;
  return fail(broken ? Errc::corrupt : Errc::io, "{}", sched::failure_text(last));
}

// The prompt has been computed as a whole.
bool has_scores(const sched::TokenEvent& event) noexcept {
  return event.token != engine::kNoToken || event.finish == sched::FinishReason::stop ||
         event.finish == sched::FinishReason::length;
}

}  // namespace

LocalStream::LocalStream(std::vector<sched::Ticket> tickets, net::any_io_executor executor,
                         const engine::Tokenizer& tokenizer, StreamPlan plan)
    : tickets_(std::move(tickets), executor),
      executor_(std::move(executor)),
      tokenizer_(tokenizer),
      plan_(std::move(plan)),
      n_unfinished_(tickets_.size()) {
  choices_.reserve(tickets_.size());
  for (std::size_t i = 0; i < tickets_.size(); ++i) {
    const ReasoningFormat& r = plan_.reasoning;
    choices_.push_back({TextAssembler(tokenizer, plan_.stops, plan_.logprobs, r.shown_tokens),
                        r.end.empty() ? ReasoningSplitter() : ReasoningSplitter(r.begin, r.end, r.opened)});
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
      if (plan_.prompt_logprobs && !choices_[event.choice].prompt_told && has_scores(event.event))
        co_await tell_prompt(event.choice, out);
      const Status status = take(event, out);
      if (!status) co_return status.error();
    }
  }
  co_return out;
}

// Others on this thread get their turn in between.
net::awaitable<void> LocalStream::tell_prompt(std::uint32_t choice, std::vector<AnswerEvent>& out) {
  constexpr std::size_t kAtOnce = 64;
  choices_[choice].prompt_told = true;
  PromptText text(tokenizer_, tickets_.prompt(choice), tickets_.take_prompt_scores(choice));
  for (std::vector<TokenLogprob> tokens = text.next(kAtOnce); !tokens.empty(); tokens = text.next(kAtOnce)) {
    out.emplace_back(PromptScores{.choice = choice, .tokens = std::move(tokens)});
    co_await net::post(executor_, net::use_awaitable);
  }
}

// Log-probabilities go with what is given out.
void LocalStream::add_text(std::uint32_t index, ReasoningSplitter::Parts parts, std::vector<AnswerEvent>& out) {
  Choice& choice = choices_[index];
  std::vector<TokenLogprob> logprobs = choice.text.take_logprobs();
  const bool thought = parts.answer.empty() && (!parts.reasoning.empty() || choice.reasoning.thinking());
  if (!parts.reasoning.empty() || (thought && !logprobs.empty())) {
    ReasoningDelta delta{.choice = index, .text = std::move(parts.reasoning)};
    if (thought) delta.logprobs.swap(logprobs);
    out.emplace_back(std::move(delta));
  }
  if (parts.answer.empty() && logprobs.empty()) return;
  TextDelta delta{.choice = index, .text = std::move(parts.answer), .logprobs = std::move(logprobs)};
  out.emplace_back(std::move(delta));
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
  out.emplace_back(std::move(end));
  choice.finished = true;
  --n_unfinished_;
}

Status LocalStream::take(const ChoiceEvent& event, std::vector<AnswerEvent>& out) {
  Choice& choice = choices_[event.choice];
  if (choice.finished) return {};  // the tail of a sequence that a stop string has ended
  EndReason reason = EndReason::none;
  if (event.event.token != engine::kNoToken) {
    if (choice.reasoning.thinking()) ++choice.n_reasoning;
    const std::string text = choice.text.append(event.event.token, event.event.logprob, event.event.top.get());
    add_text(event.choice, choice.reasoning.append(text), out);
  }
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
    add_text(event.choice, choice.reasoning.append(choice.text.finish()), out);
    // Cut by its deadline, an answer is as incomplete as one cut by max_tokens.
    reason = event.event.finish == sched::FinishReason::stop ? EndReason::turn : EndReason::length;
  }
  if (reason == EndReason::none) return {};
  add_text(event.choice, choice.reasoning.finish(), out);
  end(event.choice, reason, out);
  return {};
}

Usage LocalStream::usage() const {
  Usage usage{.prompt_tokens = plan_.n_prompt_tokens};
  for (std::uint32_t choice = 0; choice < n_choices(); choice += plan_.n_per_prompt) {
    usage.cached_tokens += tickets_.status(choice, TimePoint{}).n_cached;
  }
  for (const Choice& choice : choices_) {
    usage.completion_tokens += choice.text.n_tokens();
    usage.reasoning_tokens += choice.n_reasoning;
  }
  return usage;
}

std::vector<sched::RequestStatus> LocalStream::statuses(TimePoint now) const {
  std::vector<sched::RequestStatus> out;
  for (std::uint32_t choice = 0; choice < n_choices(); ++choice) {
    out.push_back(tickets_.status(choice, now));
    out.back().n_generated = static_cast<std::uint32_t>(choices_[choice].text.n_tokens());
  }
  return out;
}

std::vector<sched::RequestId> LocalStream::ids() const {
  std::vector<sched::RequestId> out;
  for (std::uint32_t choice = 0; choice < n_choices(); ++choice) out.push_back(tickets_.id(choice));
  return out;
}

}  // namespace quern::models

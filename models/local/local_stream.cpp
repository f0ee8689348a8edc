#include "models/local/local_stream.hpp"

#include "models/local/token_text.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

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
    choices_.push_back({TextAssembler(tokenizer, plan_.stops, plan_.logprobs, plan_.shown_tokens),
                        engine::tools::AnswerParser(plan_.format)});
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

// Where the model gives calls no ids of its own, or none that its template would take back.
std::string LocalStream::call_id(const engine::tools::CallBegin& call) const {
  if (!call.id.empty()) return call.id;
  constexpr std::string_view kCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  thread_local std::mt19937_64 random(std::random_device{}());
  using engine::chat::CallIds;
  const CallIds ids = plan_.format.calls ? plan_.format.calls->ids : CallIds::any;
  if (ids == CallIds::counted) return fmt::format("functions.{}:{}", call.name, call.index);
  const bool nine = ids == CallIds::nine;
  std::string out = nine ? "" : "call_";
  for (int i = 0; i < (nine ? 9 : 24); ++i) out += kCharacters[random() % kCharacters.size()];
  return out;
}

// Log-probabilities go with the text or thoughts that are given out; those of calls have no place.
void LocalStream::add(std::uint32_t index, std::vector<engine::tools::Event> events, bool last,
                      std::vector<AnswerEvent>& out) {
  namespace tools = engine::tools;
  Choice& choice = choices_[index];
  if (events.empty() && !last && !plan_.logprobs) return;
  const bool calls = std::ranges::any_of(events, [](const tools::Event& event) {
    return !std::holds_alternative<tools::Text>(event) && !std::holds_alternative<tools::Reasoning>(event);
  });
  std::vector<TokenLogprob> logprobs = choice.text.take_logprobs();
  if (calls) logprobs.clear();
  for (tools::Event& event : events) {
    if (auto* text = std::get_if<tools::Text>(&event)) {
      out.emplace_back(
          TextDelta{.choice = index, .text = std::move(text->text), .logprobs = std::exchange(logprobs, {})});
    } else if (auto* thought = std::get_if<tools::Reasoning>(&event)) {
      ReasoningDelta delta{.choice = index, .text = std::move(thought->text)};
      if (events.size() == 1) delta.logprobs = std::exchange(logprobs, {});
      out.emplace_back(std::move(delta));
    } else if (auto* begin = std::get_if<tools::CallBegin>(&event)) {
      out.emplace_back(
          ToolCallBegin{.choice = index, .call = begin->index, .id = call_id(*begin), .name = begin->name});
    } else if (auto* arguments = std::get_if<tools::CallArguments>(&event)) {
      out.emplace_back(
          ToolCallDelta{.choice = index, .call = arguments->index, .arguments = std::move(arguments->json)});
    } else if (auto* end = std::get_if<tools::CallEnd>(&event)) {
      ++choice.n_calls;
      out.emplace_back(ToolCallEnd{.choice = index, .call = end->index});
    } else if (auto* broken = std::get_if<tools::CallBroken>(&event)) {
      out.emplace_back(ToolCallEnd{.choice = index, .call = broken->index, .broken = true});
      out.emplace_back(TextDelta{.choice = index, .text = std::move(broken->text), .logprobs = {}});
    }
  }
  if (logprobs.empty()) return;
  if (choice.parser.thinking()) {
    out.emplace_back(ReasoningDelta{.choice = index, .text = {}, .logprobs = std::move(logprobs)});
  } else {
    out.emplace_back(TextDelta{.choice = index, .text = {}, .logprobs = std::move(logprobs)});
  }
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
  if (end.reason == EndReason::turn && choice.n_calls > 0) end.reason = EndReason::tool_calls;
  out.emplace_back(std::move(end));
  choice.finished = true;
  --n_unfinished_;
}

Status LocalStream::take(const ChoiceEvent& event, std::vector<AnswerEvent>& out) {
  Choice& choice = choices_[event.choice];
  if (choice.finished) return {};  // the tail of a sequence that a stop string has ended
  EndReason reason = EndReason::none;
  if (event.event.token != engine::kNoToken) {
    if (choice.parser.thinking()) ++choice.n_reasoning;
    const std::string text = choice.text.append(event.event.token, event.event.logprob, event.event.top.get());
    add(event.choice, choice.parser.append(text), false, out);
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
    add(event.choice, choice.parser.append(choice.text.finish()), false, out);
    // Cut by its deadline, an answer is as incomplete as one cut by max_tokens.
    reason = event.event.finish == sched::FinishReason::stop ? EndReason::turn : EndReason::length;
  }
  if (reason == EndReason::none) return {};
  add(event.choice, choice.parser.finish(), true, out);
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

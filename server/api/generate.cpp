#include "server/api/generate.hpp"

#include "server/http_error.hpp"

#include <algorithm>
#include <utility>

namespace quern::server {
namespace {

// One ticket per choice: prompt after prompt, n of each. If one is refused, those before it are cancelled.
Result<std::vector<sched::Ticket>> submit_all(Exchange& exchange, ServerState& state, const Job& job,
                                              std::span<const std::uint32_t> max_tokens) {
  std::vector<sched::Ticket> tickets;
  for (std::size_t p = 0; p < job.prompts.size(); ++p) {
    for (std::uint32_t i = 0; i < job.fields.n; ++i) {
      sched::GenerateRequest request;
      request.prompt = job.prompts[p];
      request.max_tokens = max_tokens[p];
      request.sampling = job.fields.sampling;
      request.sampling.seed += i;  // n answers with one seed must differ
      request.ignore_eos = job.fields.ignore_eos;
      request.stop_tokens = job.stop_tokens;
      request.want_logprobs = job.fields.logprobs;
      request.label = fmt::format("{} {}", job.endpoint, exchange.head().request_id);
      QUERN_TRY(sched::Ticket ticket, state.services.scheduler.submit(std::move(request), exchange.executor()));
      tickets.push_back(std::move(ticket));
    }
  }
  return tickets;
}

void add_delta(Exchange& exchange, const AnswerShape& shape, const Delta& delta) {
  if (!delta.text.empty() || !delta.logprobs.empty()) exchange.add_event(shape.chunk(delta));
  if (delta.finish != sched::FinishReason::none) exchange.add_event(shape.closing(delta));
}

net::awaitable<void> stream_answer(Exchange& exchange, ServerState& state, Answer& answer, const AnswerShape& shape,
                                   bool include_usage) {
  exchange.start_events();
  for (std::uint32_t choice = 0; choice < answer.n_choices(); ++choice) {
    const std::string opening = shape.opening(choice);
    if (!opening.empty()) exchange.add_event(opening);
  }
  const Duration ping_interval = state.options.limits.ping_interval;
  bool sent = co_await exchange.flush();
  while (sent && !answer.finished()) {
    const Result<std::vector<Delta>> deltas = co_await answer.next(ping_interval);
    if (!deltas) {
      co_await exchange.fail_events(deltas.error());
      co_return;
    }
    for (const Delta& delta : *deltas) add_delta(exchange, shape, delta);
    if (deltas->empty()) exchange.add_ping();
    if (!answer.finished()) sent = co_await exchange.flush();  // the last ones go out with [DONE]
  }
  if (!sent) co_return;
  if (include_usage) exchange.add_event(shape.usage_chunk(answer.usage()));
  co_await exchange.finish_events();
}

net::awaitable<void> whole_answer(Exchange& exchange, Answer& answer, const AnswerShape& shape) {
  std::vector<WholeChoice> choices(answer.n_choices());
  while (!answer.finished()) {
    Result<std::vector<Delta>> deltas = co_await answer.next(Duration::zero());
    if (!deltas) {
      Response response = error_response(deltas.error());
      co_await exchange.reply(std::move(response));
      co_return;
    }
    for (Delta& delta : *deltas) {
      WholeChoice& choice = choices[delta.choice];
      choice.text += delta.text;
      choice.logprobs.insert(choice.logprobs.end(), delta.logprobs.begin(), delta.logprobs.end());
      if (delta.finish != sched::FinishReason::none) choice.finish = delta.finish;
    }
  }
  Response response{.body = shape.whole(choices, answer.usage())};
  co_await exchange.reply(std::move(response));
}

}  // namespace

Envelope make_envelope(std::string_view id_prefix, const ServerState& state) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return {.id = make_id(id_prefix), .created_unix_s = now.time_since_epoch().count(), .model = state.services.model_id};
}

Status check_model(std::string_view asked, const ServerState& state) {
  if (asked.empty() || asked == state.services.model_id) return {};
  Error error = fail_field("model", "this server has {}, not {}", state.services.model_id,
                           describe(json::value(json::string_view(asked.data(), asked.size()))));
  error.code = Errc::not_found;
  return error;
}

Result<std::uint32_t> fit_context(std::size_t n_prompt, std::optional<std::uint32_t> max_tokens,
                                  std::string_view prompt_field, const ServerLimits& limits,
                                  std::uint32_t max_context) {
  const std::string field(prompt_field);
  if (n_prompt == 0) return fail_field(field, "has no tokens, expected at least one");
  if (limits.max_prompt_tokens != 0 && n_prompt > limits.max_prompt_tokens) {
    return fail_field(field, "has {} tokens, at most {} are allowed", n_prompt, limits.max_prompt_tokens);
  }
  if (n_prompt >= max_context) {
    return fail_field(field, "has {} tokens, which leaves no room for an answer: the context holds {}", n_prompt,
                      max_context);
  }
  const auto room = static_cast<std::uint32_t>(max_context - n_prompt);
  if (!max_tokens) return std::min(std::max(limits.max_tokens_default, 1u), room);
  if (*max_tokens > room) {
    return fail_field("max_tokens", "{} do not fit: the context holds {} tokens, the prompt has {}, which leaves {}",
                      *max_tokens, max_context, n_prompt, room);
  }
  return *max_tokens;
}

net::awaitable<void> generate(Exchange& exchange, ServerState& state, Job job, const AnswerShape& shape) {
  const ServerLimits& limits = state.options.limits;
  std::vector<std::uint32_t> max_tokens;
  std::uint64_t n_prompt_tokens = 0;
  for (const std::vector<engine::TokenId>& prompt : job.prompts) {
    const Result<std::uint32_t> fitting = fit_context(prompt.size(), job.fields.max_tokens, job.prompt_field, limits,
                                                      state.services.scheduler.max_context());
    if (!fitting) {
      Response response = error_response(fitting.error(), "context_length_exceeded");
      co_await exchange.reply(std::move(response));
      co_return;
    }
    max_tokens.push_back(*fitting);
    n_prompt_tokens += prompt.size();
  }
  Result<std::vector<sched::Ticket>> tickets = submit_all(exchange, state, job, max_tokens);
  if (!tickets) {
    Response response = error_response(tickets.error());
    co_await exchange.reply(std::move(response));
    co_return;
  }
  Answer answer(std::move(*tickets), exchange.executor(), state.services.tokenizer, job.fields.stop,
                job.fields.logprobs, n_prompt_tokens);
  exchange.on_disconnect(answer.tickets().cancel_all_hook());
  if (job.fields.stream) {
    co_await stream_answer(exchange, state, answer, shape, job.fields.include_usage);
  } else {
    co_await whole_answer(exchange, answer, shape);
  }
}

}  // namespace quern::server

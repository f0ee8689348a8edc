#include "server/api/generate.hpp"

#include "server/api/request_record.hpp"
#include "server/http_error.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace quern::server {
namespace {

// One ticket per choice: prompt after prompt, n of each. If one is refused, those before it are cancelled.
Result<std::vector<sched::Ticket>> submit_all(Exchange& exchange, ServerState& state, const Job& job,
                                              std::span<const std::uint32_t> max_tokens) {
  std::vector<sched::Ticket> tickets;
  const std::string tenant = exchange.tenant();
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
      request.tenant = tenant;
      request.cache_salt = job.fields.cache_salt;
      if (state.options.private_cache) request.cache_salt += '\0' + tenant;
      request.use_cache = job.fields.use_cache;
      request.priority = job.fields.priority;
      request.deadline = job.fields.deadline;
      request.max_queue = job.fields.max_queue;
      request.max_itl = job.fields.max_itl;
      request.label = fmt::format("{} {}", job.endpoint, exchange.head().request_id);
      QUERN_TRY(sched::Ticket ticket, state.services.scheduler.submit(std::move(request), exchange.executor()));
      tickets.push_back(std::move(ticket));
    }
  }
  return tickets;
}

// When to come back: once a new request would get a place, as far as one can tell.
Response refusal(const Error& error, const ServerState& state) {
  Response response = error_response(error);
  if (error.code != Errc::overloaded) return response;
  const double seconds = std::clamp(std::ceil(state.services.scheduler.snapshot().expected_wait_s), 1.0, 60.0);
  for (auto& [name, value] : response.headers) {
    if (name == "Retry-After") value = fmt::format("{:.0f}", seconds);
  }
  return response;
}

// The Server-Timing header (https://www.w3.org/TR/server-timing/): where the time of a request went.
std::string server_timing(const sched::RequestStatus& status) {
  const auto ms = [](double seconds) { return seconds * 1000; };
  const sched::RequestTimes& t = status.times;
  return fmt::format("queue;dur={:.1f}, prefill;dur={:.1f}, decode;dur={:.1f}, parked;dur={:.1f}, preempted;dur={:.1f}",
                     ms(t.queued), ms(t.prefill), ms(t.decode), ms(t.parked), ms(t.preempted));
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
  std::string timing = server_timing(answer.status(state.services.clock.now()));
  co_await exchange.finish_events(std::move(timing));
}

net::awaitable<void> whole_answer(Exchange& exchange, const ServerState& state, Answer& answer,
                                  const AnswerShape& shape) {
  std::vector<WholeChoice> choices(answer.n_choices());
  while (!answer.finished()) {
    Result<std::vector<Delta>> deltas = co_await answer.next(Duration::zero());
    if (!deltas) {
      Response response = refusal(deltas.error(), state);
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
  response.headers.emplace_back("Server-Timing", server_timing(answer.status(state.services.clock.now())));
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
  const auto begun = std::chrono::system_clock::now();
  std::vector<std::uint32_t> max_tokens;
  std::uint64_t n_prompt_tokens = 0;
  for (const std::vector<engine::TokenId>& prompt : job.prompts) {
    const Result<std::uint32_t> fitting = fit_context(prompt.size(), job.fields.max_tokens, job.prompt_field, limits,
                                                      state.services.scheduler.max_context());
    if (!fitting) {
      Response response = error_response(fitting.error(), prompt.empty() ? "" : "context_length_exceeded");
      co_await exchange.reply(std::move(response));
      co_return;
    }
    max_tokens.push_back(*fitting);
    n_prompt_tokens += prompt.size();
  }
  Result<std::vector<sched::Ticket>> tickets = submit_all(exchange, state, job, max_tokens);
  if (!tickets) {
    Response response = refusal(tickets.error(), state);
    co_await exchange.reply(std::move(response));
    co_return;
  }
  std::vector<sched::RequestId> ids;
  for (const sched::Ticket& ticket : *tickets) ids.push_back(ticket.id());
  std::string key = job.fields.supersede_key.empty() ? "" : exchange.tenant() + '\0' + job.fields.supersede_key;
  const SupersedeTable::Entry standing =
      state.supersede.enter(std::move(key), std::move(ids), state.services.scheduler);
  Answer answer(std::move(*tickets), exchange.executor(), state.services.tokenizer, job.fields.stop,
                job.fields.logprobs, n_prompt_tokens, job.fields.n);
  exchange.on_disconnect(answer.tickets().cancel_all_hook());
  if (job.fields.stream) {
    co_await stream_answer(exchange, state, answer, shape, job.fields.include_usage);
  } else {
    co_await whole_answer(exchange, state, answer, shape);
  }
  record_request(exchange, state, answer, job.endpoint, begun);
}

}  // namespace quern::server

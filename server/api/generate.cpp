#include "server/api/generate.hpp"

#include "server/api/request_record.hpp"
#include "server/http_error.hpp"
#include "server/pipeline/prepare.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace quern::server {
namespace {

// A whole answer of more than so many bytes of text and log-probabilities is written as JSON by a helper thread.
constexpr std::uint64_t kLargeAnswer = 32u << 10;
constexpr std::uint64_t kLogprobBytes = 160;  // of one token, as it waits and as JSON

constexpr Duration kNow = Duration(1);  // a timeout: what is there already

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

// The answer's head waits until the request is admitted, so that one which is not gets a status of its own. Not for
// ever: clients give up on a server that says nothing.
net::awaitable<void> stream_answer(Exchange& exchange, ServerState& state, Answer& answer, const AnswerShape& shape,
                                   bool include_usage) {
  const ServerLimits& limits = state.options.limits;
  [[maybe_unused]] const bool begun = co_await answer.tickets().begun(limits.stream_head_after);
  Result<std::vector<Delta>> deltas = co_await answer.next(kNow);
  if (!deltas) {
    Response response = refusal(deltas.error(), state);
    co_await exchange.reply(std::move(response));
    co_return;
  }
  exchange.start_events();
  for (std::uint32_t choice = 0; choice < answer.n_choices(); ++choice) {
    const std::string opening = shape.opening(choice);
    if (!opening.empty()) exchange.add_event(opening);
  }
  for (bool first = true;; first = false) {
    for (const Delta& delta : *deltas) add_delta(exchange, shape, delta);
    if (deltas->empty() && !first) exchange.add_ping();
    if (answer.finished()) break;  // the last ones go out with [DONE]
    const bool sent = co_await exchange.flush();
    if (!sent) co_return;
    Result<std::vector<Delta>> more = co_await answer.next(limits.ping_interval);
    if (!more) {
      co_await exchange.fail_events(more.error());
      co_return;
    }
    deltas = std::move(more);
  }
  if (include_usage) exchange.add_event(shape.usage_chunk(answer.usage()));
  std::string timing = server_timing(answer.status(state.services.clock.now()));
  co_await exchange.finish_events(std::move(timing));
}

using Choices = std::vector<WholeChoice>;

std::uint64_t add_deltas(Choices& choices, std::vector<Delta>& deltas) {
  std::uint64_t n_bytes = 0;
  for (Delta& delta : deltas) {
    WholeChoice& choice = choices[delta.choice];
    choice.text += delta.text;
    choice.logprobs.insert(choice.logprobs.end(), delta.logprobs.begin(), delta.logprobs.end());
    if (delta.finish != sched::FinishReason::none) choice.finish = delta.finish;
    n_bytes += delta.text.size() + delta.logprobs.size() * kLogprobBytes;
  }
  return n_bytes;
}

net::awaitable<void> whole_answer(Exchange& exchange, ServerState& state, Answer& answer,
                                  std::shared_ptr<const AnswerShape> shape) {
  const auto choices = std::make_shared<Choices>(answer.n_choices());
  std::uint64_t n_bytes = 0;
  while (!answer.finished()) {
    Result<std::vector<Delta>> deltas = co_await answer.next(Duration::zero());
    if (!deltas) {
      Response response = refusal(deltas.error(), state);
      co_await exchange.reply(std::move(response));
      co_return;
    }
    n_bytes += add_deltas(*choices, *deltas);
    exchange.memory()->keep_answer(n_bytes);
  }
  Result<std::string> body = std::string();
  if (n_bytes <= kLargeAnswer) {
    body = shape->whole(*choices, answer.usage());
  } else {
    exchange.memory()->keep_answer(3 * n_bytes);
    JobOf<std::string>::Work work = [shape, choices, usage = answer.usage()](const std::atomic<bool>&) {
      return Result<std::string>(shape->whole(*choices, usage));
    };
    Result<std::string> made = co_await run_job<std::string>(exchange, state, std::move(work), n_bytes, true);
    body = std::move(made);
  }
  if (!body) {  // the client has left
    Response response = error_response(body.error());
    co_await exchange.reply(std::move(response));
    co_return;
  }
  exchange.memory()->keep_answer(n_bytes + body->size());
  Response response{.body = std::move(*body)};
  response.headers.emplace_back("Server-Timing", server_timing(answer.status(state.services.clock.now())));
  co_await exchange.reply(std::move(response));
}

// Errors: bad_input.
Result<std::vector<std::uint32_t>> fit_all(const Prepared& prepared, const ServerState& state) {
  if (prepared.too_long) return *prepared.too_long;
  std::vector<std::uint32_t> max_tokens;
  for (const std::vector<engine::TokenId>& prompt : prepared.prompts) {
    QUERN_TRY(const std::uint32_t fitting, fit_context(prompt.size(), prepared.fields.max_tokens, prepared.prompt_field,
                                                       state.options.limits, state.services.scheduler.max_context()));
    max_tokens.push_back(fitting);
  }
  return max_tokens;
}

}  // namespace

Envelope make_envelope(std::string_view id_prefix, const ServerState& state) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return {.id = make_id(id_prefix), .created_unix_s = now.time_since_epoch().count(), .model = state.services.model_id};
}

Status check_model(std::string_view asked, const std::string& served) {
  if (asked.empty() || asked == served) return {};
  Error error = fail_field("model", "this server has {}, not {}", served,
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

Status add_prompt(Prepared& out, std::string_view text, engine::EncodeOptions options, const std::string& field,
                  Effort& effort) {
  if (out.too_long) return {};
  if (const Status fits = effort.fits_context(text, field); !fits) {
    out.too_long = fits.error();
    return {};
  }
  QUERN_TRY(std::vector<engine::TokenId> tokens, effort.encode(text, options, field));
  out.prompts.push_back(std::move(tokens));
  return {};
}

net::awaitable<void> generate(Exchange& exchange, ServerState& state, Prepared prepared,
                              std::shared_ptr<const AnswerShape> shape) {
  const auto begun = std::chrono::system_clock::now();
  Result<std::vector<std::uint32_t>> max_tokens = fit_all(prepared, state);
  if (!max_tokens) {
    const bool empty =
        !prepared.too_long && std::ranges::any_of(prepared.prompts, [](const auto& p) { return p.empty(); });
    Response response = error_response(max_tokens.error(), empty ? "" : "context_length_exceeded");
    co_await exchange.reply(std::move(response));
    co_return;
  }
  std::string label = fmt::format("{} {}", prepared.endpoint, exchange.head().request_id);
  const auto what = std::make_shared<Submission>(Submission{.prepared = std::move(prepared),
                                                            .max_tokens = std::move(*max_tokens),
                                                            .tenant = exchange.tenant(),
                                                            .label = std::move(label),
                                                            .private_cache = state.options.private_cache});
  const GenerationFields& fields = what->prepared.fields;
  const std::uint64_t n_prompt_tokens = what->n_prompt_tokens();
  std::string key = fields.supersede_key.empty() ? "" : what->tenant + '\0' + fields.supersede_key;
  SupersedeTable::Entry standing = state.supersede.enter(std::move(key), exchange.arrival(), state.services.scheduler);
  Result<std::vector<sched::Ticket>> tickets = co_await admit(exchange, state, what, standing);
  if (!tickets) {
    Response response = refusal(tickets.error(), state);
    co_await exchange.reply(std::move(response));
    co_return;
  }
  Answer answer(std::move(*tickets), exchange.executor(), state.services.tokenizer, fields.stop, fields.logprobs,
                n_prompt_tokens, fields.n);
  const auto hook = exchange.on_disconnect(answer.tickets().cancel_all_hook());
  if (fields.stream) {
    co_await stream_answer(exchange, state, answer, *shape, fields.include_usage);
  } else {
    co_await whole_answer(exchange, state, answer, std::move(shape));
  }
  record_request(exchange, state, answer, what->prepared.endpoint, begun);
}

net::awaitable<void> reply_with(Exchange& exchange, Result<std::string> body) {
  Response response = body ? Response{.body = std::move(*body)} : error_response(body.error());
  exchange.memory()->keep_answer(response.body.size());
  co_await exchange.reply(std::move(response));
}

}  // namespace quern::server

#include "server/api/generate.hpp"

#include "server/api/admission.hpp"
#include "server/api/request_record.hpp"
#include "server/api/retry_after.hpp"
#include "server/http_error.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace quern::server {
namespace {

// A whole answer of more than so many bytes of text and log-probabilities is written as JSON by a helper thread.
constexpr std::uint64_t kLargeAnswer = 32u << 10;
constexpr std::uint64_t kLogprobBytes = 160;  // of one token or alternative, as it waits and as JSON

constexpr Duration kNow = Duration(1);  // a timeout: what is there already

// The Server-Timing header (https://www.w3.org/TR/server-timing/): where the time of a request went.
std::string server_timing(const sched::RequestStatus& status) {
  const auto ms = [](double seconds) { return seconds * 1000; };
  const sched::RequestTimes& t = status.times;
  return fmt::format("queue;dur={:.1f}, prefill;dur={:.1f}, decode;dur={:.1f}, parked;dur={:.1f}, preempted;dur={:.1f}",
                     ms(t.queued), ms(t.prefill), ms(t.decode), ms(t.parked), ms(t.preempted));
}

AnswerFacts facts_of(const models::AnswerStream& answer, const ServerState& state) {
  const TimePoint now = state.services.clock.now();
  return {.usage = answer.usage(), .status = answer.status(now), .choices = answer.statuses(now)};
}

// The answer's head waits until the request is admitted, so that one which is not gets a status of its own. Not for
// ever: clients give up on a server that says nothing.
net::awaitable<void> stream_answer(Exchange& exchange, ServerState& state, const models::ServedModel& model,
                                   models::AnswerStream& answer, std::shared_ptr<AnswerWriter> writer) {
  const ServerLimits& limits = state.options.limits;
  [[maybe_unused]] const bool begun = co_await answer.begun(limits.stream_head_after);
  Result<std::vector<models::AnswerEvent>> events = co_await answer.next(kNow);
  if (!events) {
    Response response = refusal(events.error(), *model.generator);
    co_await exchange.reply(std::move(response));
    co_return;
  }
  exchange.start_stream(writer->stream_type(),
                        [writer](const HttpError& error, std::string& out) { writer->failure(error, out); });
  writer->begin(facts_of(answer, state), answer.n_choices(), exchange.out());
  for (bool first = true;; first = false) {
    if (writer->wants_progress()) writer->progress(facts_of(answer, state));
    for (const models::AnswerEvent& event : *events) writer->event(event, exchange.out());
    if (events->empty() && !first) writer->silence(exchange.out());
    if (answer.finished()) break;  // the last ones go out with the end
    const bool sent = co_await exchange.flush();
    if (!sent) co_return;
    Result<std::vector<models::AnswerEvent>> more = co_await answer.next(limits.ping_interval);
    if (!more) {
      const HttpError error = http_error(more.error());
      co_await exchange.fail_stream(error);
      co_return;
    }
    events = std::move(more);
  }
  const AnswerFacts facts = facts_of(answer, state);
  writer->finish(facts, exchange.out());
  std::string timing = server_timing(facts.status);
  co_await exchange.finish_stream(std::move(timing));
}

using Choices = std::vector<WholeChoice>;

std::uint64_t bytes_of(const std::vector<models::TokenLogprob>& logprobs) {
  std::uint64_t n_entries = logprobs.size();
  for (const models::TokenLogprob& entry : logprobs) n_entries += entry.top.size();
  return n_entries * kLogprobBytes;
}

// Adds what the event brings; -> bytes of memory that it takes.
struct Collect {
  Choices& choices;
  std::uint64_t operator()(models::TextDelta& e) const {
    WholeChoice& choice = choices[e.choice];
    choice.text += e.text;
    const std::uint64_t n_bytes = e.text.size() + bytes_of(e.logprobs);
    std::ranges::move(e.logprobs, std::back_inserter(choice.logprobs));
    return n_bytes;
  }
  std::uint64_t operator()(models::PromptScores& e) const {
    const std::uint64_t n_bytes = bytes_of(e.tokens);
    std::ranges::move(e.tokens, std::back_inserter(choices[e.choice].prompt));
    return n_bytes;
  }
  std::uint64_t operator()(models::ReasoningDelta& e) const {
    choices[e.choice].reasoning += e.text;
    return e.text.size();
  }
  std::uint64_t operator()(models::ToolCallBegin& e) const {
    choices[e.choice].calls.push_back({std::move(e.id), std::move(e.name), {}});
    return sizeof(WholeCall);
  }
  std::uint64_t operator()(models::ToolCallDelta& e) const {
    choices[e.choice].calls[e.call].arguments += e.arguments;
    return e.arguments.size();
  }
  std::uint64_t operator()(models::ToolCallEnd& e) const {
    if (e.broken) choices[e.choice].calls[e.call].broken = true;
    return 0;
  }
  std::uint64_t operator()(models::End& e) const {
    choices[e.choice].end = e.reason;
    choices[e.choice].stop_sequence = std::move(e.stop_sequence);
    return 0;
  }
};

net::awaitable<void> whole_answer(Exchange& exchange, ServerState& state, const models::ServedModel& model,
                                  models::AnswerStream& answer, std::shared_ptr<AnswerWriter> writer) {
  const auto choices = std::make_shared<Choices>(answer.n_choices());
  std::uint64_t n_bytes = 0;
  while (!answer.finished()) {
    Result<std::vector<models::AnswerEvent>> events = co_await answer.next(Duration::zero());
    if (!events) {
      Response response = refusal(events.error(), *model.generator);
      co_await exchange.reply(std::move(response));
      co_return;
    }
    for (models::AnswerEvent& event : *events) n_bytes += std::visit(Collect{*choices}, event);
    exchange.memory()->keep_answer(n_bytes);
  }
  for (WholeChoice& choice : *choices) std::erase_if(choice.calls, [](const WholeCall& call) { return call.broken; });
  const auto facts = std::make_shared<const AnswerFacts>(facts_of(answer, state));
  Result<std::string> body = std::string();
  if (n_bytes <= kLargeAnswer) {
    body = writer->whole(*choices, *facts);
  } else {
    exchange.memory()->keep_answer(3 * n_bytes);
    JobOf<std::string>::Work work = [writer, choices, facts](const std::atomic<bool>&) {
      return Result<std::string>(writer->whole(*choices, *facts));
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
  response.headers.emplace_back("Server-Timing", server_timing(facts->status));
  co_await exchange.reply(std::move(response));
}

// Errors: bad_input.
Result<std::vector<std::uint32_t>> fit_all(const Prepared& prepared, const ServerLimits& limits,
                                           std::uint32_t max_context) {
  if (prepared.too_long) return *prepared.too_long;
  std::vector<std::uint32_t> max_tokens;
  for (const std::vector<engine::TokenId>& prompt : prepared.prompts) {
    QUERN_TRY(const std::uint32_t fitting,
              fit_context(prompt.size(), prepared.fields.max_tokens, prepared.prompt_field, limits, max_context));
    max_tokens.push_back(fitting);
  }
  return max_tokens;
}

Response unfitting(const Error& error, const Prepared& prepared, const ServerLimits& limits,
                   std::uint32_t max_context) {
  const auto is_empty = [](const auto& prompt) { return prompt.empty(); };
  if (!prepared.too_long && std::ranges::any_of(prepared.prompts, is_empty)) return error_response(error);
  HttpError out = http_error(error, "context_length_exceeded");
  const bool lower = limits.max_prompt_tokens != 0 && limits.max_prompt_tokens < max_context;
  out.overflow = ContextOverflow{.n_context = lower ? limits.max_prompt_tokens : max_context};
  for (const auto& prompt : prepared.prompts) {
    out.overflow->n_prompt = std::max<std::uint64_t>(out.overflow->n_prompt, prompt.size());
  }
  if (prepared.too_long) out.overflow->n_prompt = 0;
  return error_response(std::move(out));
}

models::GenerateTask task_of(Prepared prepared, std::vector<std::uint32_t> max_tokens, const Exchange& exchange,
                             const ServerOptions& options) {
  GenerationFields& fields = prepared.fields;
  models::GenerateTask task{.ask = std::move(prepared.ask),
                            .prompts = std::move(prepared.prompts),
                            .max_tokens = std::move(max_tokens),
                            .n = fields.n,
                            .sampling = std::move(fields.sampling),
                            .stops = std::move(fields.stop),
                            .stop_tokens = std::move(prepared.stop_tokens),
                            .format = std::move(prepared.format),
                            .shown_tokens = std::move(prepared.shown_tokens),
                            .constraint = std::move(prepared.constraint),
                            .ignore_eos = fields.ignore_eos,
                            .logprobs = fields.logprobs,
                            .prompt_logprobs = fields.prompt_logprobs,
                            .tokens = fields.tokens,
                            .extra_bytes = prepared.n_kept_bytes,
                            .max_decode = fields.max_decode};
  task.n_named_stops = task.stops.size();
  std::ranges::move(prepared.template_stops, std::back_inserter(task.stops));
  task.head = {.tenant = exchange.tenant(),
               .tenant_weight = exchange.caller().weight,
               .label = fmt::format("{} {}", prepared.endpoint, exchange.head().request_id),
               .cache_salt = std::move(fields.cache_salt),
               .use_cache = fields.use_cache,
               .priority = fields.priority,
               .deadline = fields.deadline,
               .max_queue = fields.max_queue,
               .max_itl = fields.max_itl};
  if (options.private_cache) task.head.cache_salt += '\0' + task.head.tenant;
  return task;
}

}  // namespace

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
  // More than fits is what many clients ask for whatever the model: the answer ends at the end of the context.
  if (max_tokens) return std::min(*max_tokens, room);
  return limits.max_tokens_default == 0 ? room : std::min(limits.max_tokens_default, room);
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

net::awaitable<void> generate(Exchange& exchange, ServerState& state, Understood<Prepared> request,
                              std::shared_ptr<AnswerWriter> writer) {
  const auto begun = std::chrono::system_clock::now();
  const std::shared_ptr<models::ServedModel> model = std::move(request.model);
  Prepared& prepared = request.value;
  if (!prepared.fields.max_tokens) prepared.fields.max_tokens = model->max_tokens;
  const std::uint32_t max_context = model->generator->max_context();
  Result<std::vector<std::uint32_t>> max_tokens = fit_all(prepared, state.options.limits, max_context);
  if (!max_tokens) {
    Response response = unfitting(max_tokens.error(), prepared, state.options.limits, max_context);
    co_await exchange.reply(std::move(response));
    co_return;
  }
  const std::string_view endpoint = prepared.endpoint;
  const bool streamed = prepared.fields.stream;
  std::string key = prepared.fields.supersede_key;
  if (!key.empty()) key = exchange.tenant() + '\0' + key;
  models::GenerateTask task = task_of(std::move(prepared), std::move(*max_tokens), exchange, state.options);
  SupersedeTable::Entry standing = state.supersede.enter(std::move(key), exchange.arrival());
  Result<std::unique_ptr<models::AnswerStream>> answer =
      co_await admit(exchange, state, model, std::move(task), standing);
  if (!answer) {
    Response response = refusal(answer.error(), *model->generator);
    co_await exchange.reply(std::move(response));
    co_return;
  }
  const auto hook = exchange.on_disconnect((*answer)->cancel_hook());
  if (streamed) {
    co_await stream_answer(exchange, state, *model, **answer, std::move(writer));
  } else {
    co_await whole_answer(exchange, state, *model, **answer, std::move(writer));
  }
  const RequestOutcome outcome{(*answer)->status(state.services.clock.now()), (*answer)->usage(),
                               (*answer)->finished()};
  record_request(exchange, state, *model, outcome, endpoint, begun);
}

Response count_response(const Result<Understood<Prepared>>& request, const ServerState& state,
                        std::string_view opening) {
  if (!request) return error_response(request.error());
  const Prepared& prepared = request->value;
  if (prepared.too_long)
    return unfitting(*prepared.too_long, prepared, state.options.limits, request->model->max_context());
  return {.body = fmt::format("{}{}}}", opening, prepared.prompts.at(0).size())};
}

net::awaitable<void> reply_prepared(Exchange& exchange, ServerState& state, Preparation<std::string> work,
                                    Place place) {
  Result<Understood<std::string>> body =
      co_await understand<std::string>(exchange, state, work, models::Work::any, place);
  Response response = body ? Response{.body = std::move(body->value)} : error_response(body.error());
  exchange.memory()->keep_answer(response.body.size());
  co_await exchange.reply(std::move(response));
}

}  // namespace quern::server

#include "server/api/request_record.hpp"

#include "base/log_record.hpp"

#include <utility>
#include <vector>

namespace quern::server {
namespace {

std::int64_t unix_ns(std::chrono::system_clock::time_point t) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(t.time_since_epoch()).count();
}

// Names as in the semantic conventions for generative AI where these have one.
std::vector<log::Field> fields_of(const Exchange& exchange, const models::ServedModel& model,
                                  const RequestOutcome& outcome) {
  const sched::RequestStatus& status = outcome.status;
  const models::Usage& usage = outcome.usage;
  return {{"request_id", exchange.head().request_id},
          {"tenant", status.tenant},
          {"model", model.id},
          {"finished", std::int64_t{outcome.finished}},
          {"input_tokens", static_cast<std::int64_t>(usage.prompt_tokens)},
          {"cached_tokens", static_cast<std::int64_t>(usage.cached_tokens)},
          {"output_tokens", static_cast<std::int64_t>(usage.completion_tokens)},
          {"queued_s", status.times.queued},
          {"prefill_s", status.times.prefill},
          {"decode_s", status.times.decode},
          {"parked_s", status.times.parked},
          {"preempted_s", status.times.preempted}};
}

void note_outcome(Activity* activity, const models::ServedModel& model, const RequestOutcome& outcome) {
  if (activity == nullptr) return;
  activity->model = model.id;
  activity->prompt_tokens = outcome.usage.prompt_tokens;
  activity->cached_tokens = outcome.usage.cached_tokens;
  activity->completion_tokens = outcome.usage.completion_tokens;
  activity->queued_s = outcome.status.times.queued;
  activity->prefill_s = outcome.status.times.prefill;
  activity->decode_s = outcome.status.times.decode;
}

}  // namespace

void record_request(Exchange& exchange, const ServerState& state, const models::ServedModel& model,
                    const RequestOutcome& outcome, std::string_view endpoint,
                    std::chrono::system_clock::time_point begun) {
  note_outcome(exchange.activity(), model, outcome);
  if (!state.options.log_requests && !state.spans) return;
  const std::vector<log::Field> fields = fields_of(exchange, model, outcome);
  if (state.options.log_requests) log::record(endpoint, fields);
  if (!state.spans) return;
  Span span = make_span(std::string(endpoint), exchange.head().traceparent);
  span.start_unix_ns = unix_ns(begun);
  span.end_unix_ns = unix_ns(std::chrono::system_clock::now());
  span.failed = !outcome.finished;
  for (const log::Field& field : fields) span.attributes.emplace_back("quern." + std::string(field.name), field.value);
  state.spans->offer(std::move(span));
}

}  // namespace quern::server

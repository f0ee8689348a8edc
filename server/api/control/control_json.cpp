#include "server/api/control/control_json.hpp"

namespace quern::server {
namespace {

json::object histogram_json(const sched::Histogram& histogram) {
  json::object out;
  out["count"] = histogram.count;
  out["mean"] = histogram.count == 0 ? 0.0 : histogram.sum / static_cast<double>(histogram.count);
  return out;
}

}  // namespace

json::object snapshot_json(const sched::Snapshot& snapshot) {
  json::object finished;
  finished["stop"] = snapshot.finished_stop;
  finished["length"] = snapshot.finished_length;
  finished["cancelled"] = snapshot.finished_cancelled;
  finished["failed"] = snapshot.finished_failed;
  finished["timed_out"] = snapshot.finished_timed_out;
  finished["refused"] = snapshot.finished_refused;
  json::object pages;
  pages["total"] = snapshot.kv_pages;
  pages["most"] = snapshot.kv_pages_most;
  pages["free"] = snapshot.kv_pages_free;
  pages["retained"] = snapshot.kv_pages_retained;
  pages["reserved"] = snapshot.kv_pages_reserved;
  json::object out;
  out["queued"] = snapshot.queued;
  out["running"] = snapshot.running;
  out["parked"] = snapshot.parked;
  out["rejected"] = snapshot.rejected;
  out["finished"] = std::move(finished);
  out["kv_pages"] = std::move(pages);
  json::object cache;
  cache["pages"] = snapshot.cache_pages;
  cache["evicted_pages"] = snapshot.cache_evictions;
  cache["prompt_tokens_looked_up"] = snapshot.cache_queries;
  cache["prompt_tokens_found"] = snapshot.cached_tokens;
  out["prefix_cache"] = std::move(cache);
  out["preemptions"] = snapshot.preemptions;
  out["expected_wait_s"] = snapshot.expected_wait_s;
  out["stalled_s"] = snapshot.stalled_s;
  out["prompt_tokens"] = snapshot.prompt_tokens;
  out["generated_tokens"] = snapshot.generated_tokens;
  out["steps"] = snapshot.steps;
  out["time_to_first_token_s"] = histogram_json(snapshot.time_to_first_token_s);
  out["inter_token_s"] = histogram_json(snapshot.inter_token_s);
  out["step_s"] = histogram_json(snapshot.step_s);
  out["queue_s"] = histogram_json(snapshot.queue_s);
  return out;
}

json::object request_json(const sched::RequestStatus& status) {
  json::object out;
  out["id"] = status.id;
  out["state"] = sched::request_state_name(status.state);
  if (status.finish != sched::FinishReason::none) out["finish_reason"] = sched::finish_reason_name(status.finish);
  if (status.cancelled && status.state != sched::RequestState::finished) out["cancelling"] = true;
  out["label"] = status.label;
  out["prompt_tokens"] = status.n_prompt;
  out["prefilled_tokens"] = status.n_prefilled;
  out["generated_tokens"] = status.n_generated;
  out["max_tokens"] = status.max_tokens;
  out["kv_pages"] = status.n_pages;
  out["cached_tokens"] = status.n_cached;
  out["preemptions"] = status.n_preemptions;
  out["tenant"] = status.tenant;
  out["priority"] = status.priority;
  out["age_s"] = status.age_s;
  json::object times;
  times["queued_s"] = status.times.queued;
  times["prefill_s"] = status.times.prefill;
  times["decode_s"] = status.times.decode;
  times["parked_s"] = status.times.parked;
  times["preempted_s"] = status.times.preempted;
  out["times"] = std::move(times);  // add up to age_s
  return out;
}

json::object memory_json(const ByteLedger& ledger) {
  json::object out;
  out["budget_bytes"] = ledger.budget();
  out["used_bytes"] = ledger.used();
  for (std::size_t use = 0; use < kMemoryUses; ++use) {
    const auto kind = static_cast<MemoryUse>(use);
    out[std::string(memory_use_name(kind)) + "_bytes"] = ledger.used(kind);
  }
  return out;
}

json::object upstream_json(const models::UpstreamStatus& upstream) {
  json::object out;
  out["name"] = upstream.name;
  out["kind"] = upstream.kind;
  out["circuit"] = upstream.state;
  out["running"] = upstream.running;
  out["asked"] = upstream.asked;
  out["failed"] = upstream.failed;
  out["refused"] = upstream.refused;
  out["probes"] = upstream.probes;
  out["rest_s"] = upstream.rest_s;
  return out;
}

}  // namespace quern::server

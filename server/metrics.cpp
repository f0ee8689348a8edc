#include "server/metrics.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <prometheus/text_serializer.h>

namespace quern::server {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

class Families {
 public:
  explicit Families(std::string model_name) : model_name_(std::move(model_name)) {}

  // Further values of the family are added with value().
  void begin(std::string name, std::string help, MetricType type) {
    list_.push_back({.name = std::move(name), .help = std::move(help), .type = type, .metric = {}});
  }
  void value(double number, std::string label = {}, std::string label_value = {}) {
    ClientMetric metric = labelled();
    if (!label.empty()) metric.label.push_back({std::move(label), std::move(label_value)});
    (list_.back().type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = number;
    list_.back().metric.push_back(std::move(metric));
  }
  void gauge(std::string name, std::string help, double number) {
    begin(std::move(name), std::move(help), MetricType::Gauge);
    value(number);
  }
  void counter(std::string name, std::string help, std::uint64_t number) {
    begin(std::move(name), std::move(help), MetricType::Counter);
    value(static_cast<double>(number));
  }
  void histogram(std::string name, std::string help, const sched::Histogram& source) {
    begin(std::move(name), std::move(help), MetricType::Histogram);
    ClientMetric metric = labelled();
    std::uint64_t cumulative = 0;
    for (std::size_t i = 0; i < sched::Histogram::kBuckets; ++i) {
      const bool last = i + 1 == sched::Histogram::kBuckets;
      cumulative += source.counts[i];
      metric.histogram.bucket.push_back(
          {.cumulative_count = cumulative,
           .upper_bound = last ? std::numeric_limits<double>::infinity() : source.bounds[i]});
    }
    // Not source.count: a counter that moves between two reads must not contradict the buckets.
    metric.histogram.sample_count = cumulative;
    metric.histogram.sample_sum = source.sum;
    list_.back().metric.push_back(std::move(metric));
  }
  std::vector<MetricFamily> take() { return std::move(list_); }

 private:
  ClientMetric labelled() const {
    ClientMetric metric;
    metric.label.push_back({"model_name", model_name_});
    return metric;
  }

  std::string model_name_;
  std::vector<MetricFamily> list_;
};

// A family is written once, with the values of all models.
void merge(std::vector<MetricFamily> from, std::vector<MetricFamily>& into) {
  for (MetricFamily& family : from) {
    const auto same = std::ranges::find(into, family.name, &MetricFamily::name);
    if (same == into.end()) {
      into.push_back(std::move(family));
    } else {
      std::ranges::move(family.metric, std::back_inserter(same->metric));
    }
  }
}

void add_requests(Families& out, const sched::Snapshot& now) {
  out.gauge("vllm:num_requests_running", "Sequences that hold KV pages.", now.running);
  out.gauge("vllm:num_requests_waiting", "Requests that wait for a place: not yet admitted, or preempted.", now.queued);
  out.gauge("quern:num_requests_parked", "Sequences that wait for a slow reader.", now.parked);
  out.begin("vllm:request_success_total", "Finished requests.", MetricType::Counter);
  out.value(static_cast<double>(now.finished_stop), "finished_reason", "stop");
  out.value(static_cast<double>(now.finished_length), "finished_reason", "length");
  out.value(static_cast<double>(now.finished_cancelled), "finished_reason", "abort");
  out.value(static_cast<double>(now.finished_failed), "finished_reason", "error");
  out.value(static_cast<double>(now.finished_timed_out), "finished_reason", "timeout");
  out.value(static_cast<double>(now.finished_refused), "finished_reason", "refused");
  out.counter("vllm:num_preemptions_total", "Times that a sequence gave its pages to a more urgent one.",
              now.preemptions);
  out.counter("quern:requests_rejected_total",
              "Requests that the scheduler refused: queue full, or a time limit that cannot be kept.", now.rejected);
  out.gauge("quern:expected_wait_seconds", "Until a new request of no special priority would get a place.",
            now.expected_wait_s);
  out.counter("vllm:prompt_tokens_total", "Prompt tokens processed.", now.prompt_tokens);
  out.counter("vllm:generation_tokens_total", "Tokens generated.", now.generated_tokens);
  out.counter("quern:forced_tokens_total", "Tokens that had to follow by a grammar and were not drawn.",
              now.forced_tokens);
}

// Of other servers that answer for this one.
void add_upstreams(Families& out, const std::vector<models::UpstreamStatus>& upstreams) {
  const auto each = [&](auto number) {
    for (const models::UpstreamStatus& one : upstreams) {
      out.value(static_cast<double>(number(one)), "upstream", one.name);
    }
  };
  out.begin("quern:upstream_open", "Whether an upstream keeps failing and is left alone.", MetricType::Gauge);
  each([](const models::UpstreamStatus& one) { return one.state == "closed" ? 0 : 1; });
  out.begin("quern:upstream_running", "Requests that are at an upstream.", MetricType::Gauge);
  each([](const models::UpstreamStatus& one) { return one.running; });
  out.begin("quern:upstream_requests_total", "Requests that were passed on to an upstream.", MetricType::Counter);
  each([](const models::UpstreamStatus& one) { return one.asked; });
  out.begin("quern:upstream_failures_total", "Of them: no connection, an error of the server, silence, a cut answer.",
            MetricType::Counter);
  each([](const models::UpstreamStatus& one) { return one.failed; });
  out.begin("quern:upstream_refusals_total", "Of them: it was busy (429, 503).", MetricType::Counter);
  each([](const models::UpstreamStatus& one) { return one.refused; });
  out.begin("quern:upstream_probes_total", "Looks whether an upstream that is left alone is there again.",
            MetricType::Counter);
  each([](const models::UpstreamStatus& one) { return one.probes; });
}

void add_kv(Families& out, const sched::Snapshot& now) {
  const double used =
      static_cast<double>(now.kv_pages) - static_cast<double>(now.kv_pages_free + now.kv_pages_retained);
  out.gauge("vllm:kv_cache_usage_perc", "KV pages in use, as a share of all (1 is full).",
            now.kv_pages == 0 ? 0.0 : used / static_cast<double>(now.kv_pages));
  out.counter("vllm:prefix_cache_queries_total", "Prompt tokens looked up in the prefix cache.", now.cache_queries);
  out.counter("vllm:prefix_cache_hits_total", "Prompt tokens found there.", now.cached_tokens);
  out.counter("quern:prefix_cache_evictions_total", "Pages that had to make room.", now.cache_evictions);
  out.gauge("quern:kv_pages", "KV pages of the cache.", now.kv_pages);
  out.gauge("quern:kv_pages_free", "KV pages that nobody holds.", now.kv_pages_free);
  out.gauge("quern:kv_pages_retained", "KV pages kept for prompts to come.", now.kv_pages_retained);
  out.gauge("quern:kv_pages_reserved", "KV pages promised to admitted requests.", now.kv_pages_reserved);
}

void add_times(Families& out, const sched::Snapshot& now) {
  out.histogram("vllm:time_to_first_token_seconds", "From submission to the first token.", now.time_to_first_token_s);
  out.histogram("vllm:inter_token_latency_seconds", "Between two tokens of a sequence.", now.inter_token_s);
  out.histogram("vllm:request_queue_time_seconds", "From submission to admission.", now.queue_s);
  out.histogram("vllm:e2e_request_latency_seconds", "From submission to the end.", now.e2e_s);
  out.histogram("vllm:request_prefill_time_seconds", "Prompt being computed.", now.prefill_s);
  out.histogram("vllm:request_decode_time_seconds", "Answer being generated.", now.decode_s);
  out.gauge("quern:engine_stalled_seconds", "Since the engine last got on, while it has work.", now.stalled_s);
  out.histogram("quern:step_seconds", "Duration of a forward step.", now.step_s);
  out.counter("quern:steps_total", "Forward steps.", now.steps);
}

void add_server(Families& out, const ServerState& state) {
  const ByteLedger& ledger = state.services.ledger;
  out.begin("quern:memory_bytes", "Bytes reserved in the memory budget.", MetricType::Gauge);
  for (std::size_t use = 0; use < kMemoryUses; ++use) {
    const auto kind = static_cast<MemoryUse>(use);
    out.value(static_cast<double>(ledger.used(kind)), "use", memory_use_name(kind));
  }
  out.gauge("quern:memory_budget_bytes", "The memory budget.", static_cast<double>(ledger.budget()));
  out.gauge("quern:connections", "Open connections.", static_cast<double>(state.n_connections()));
  out.gauge("quern:connections_limit", "Connections that may be open.",
            static_cast<double>(state.options.limits.max_connections));
  out.gauge("quern:http_requests_active", "HTTP requests being answered.", state.n_active());
  out.gauge("quern:jobs_waiting", "Large requests and answers that wait for a helper thread.",
            static_cast<double>(state.helpers.n_waiting()));
  out.counter("quern:jobs_total", "Parts of the work on large requests and answers that a helper thread has begun.",
              state.helpers.n_begun());
  out.gauge("quern:draining", "1 while the server finishes its last requests.", state.draining() ? 1 : 0);
  out.begin("quern:http_responses_total", "HTTP responses by class of status.", MetricType::Counter);
  for (unsigned status_class = 2; status_class <= 5; ++status_class) {
    out.value(static_cast<double>(state.n_responses(status_class)), "status", fmt::format("{}xx", status_class));
  }
  out.begin("quern:http_errors_total", "HTTP responses of status 400 and above, by status.", MetricType::Counter);
  for (unsigned status = ServerState::kFirstError; status < ServerState::kFirstError + ServerState::kErrors; ++status) {
    const std::uint64_t n = state.n_errors(status);
    // The two that mean "come back later" are there from the start, so that rate() sees their first one.
    if (n > 0 || status == 429 || status == 503) out.value(static_cast<double>(n), "status", std::to_string(status));
  }
  out.counter("quern:spans_dropped_total", "Spans that did not reach the collector.",
              state.spans ? state.spans->n_dropped() : 0);
  out.counter("quern:activity_dropped_total", "Requests that are missing in the activity log.",
              state.activity ? state.activity->n_dropped() : 0);
  out.gauge("quern:uptime_seconds", "Since the server was created.",
            to_seconds(state.services.clock.now() - state.started));
}

}  // namespace

std::vector<MetricFamily> MetricsSource::Collect() const {
  std::vector<MetricFamily> out;
  const auto models = state_.services.models.residents();
  for (const auto& model : models) {
    for (const models::TaskQueue* const queue : model->queues()) {
      const sched::Snapshot now = queue->snapshot();
      Families one(model->id);
      add_requests(one, now);
      if (now.kv_pages > 0) add_kv(one, now);
      add_times(one, now);
      add_upstreams(one, queue->upstreams());
      merge(one.take(), out);
    }
  }
  Families server(models.empty() ? "" : models.front()->id);
  add_server(server, state_);
  merge(server.take(), out);
  return out;
}

std::string metrics_text(const ServerState& state) {
  const prometheus::TextSerializer serializer;
  return serializer.Serialize(MetricsSource(state).Collect());
}

}  // namespace quern::server

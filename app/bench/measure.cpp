#include "app/bench/measure.hpp"

#include "app/bench/plan_builder.hpp"
#include "app/bench/roofs.hpp"
#include "app/bench/step_cost.hpp"

#include <algorithm>
#include <functional>

namespace quern::app {
namespace {

constexpr std::uint32_t kPrefillTokensPerStep = 512;
constexpr std::uint32_t kDefaultPrefill = 512;
constexpr std::uint32_t kWarmUpSteps = 4;

std::uint32_t max_batch(const BenchOptions& options) {
  return options.n_decode == 0 || options.batches.empty() ? 1 : *std::ranges::max_element(options.batches);
}

// Prompt lengths that nobody chose are cut to the context.
std::vector<std::uint32_t> prefill_lengths(const BenchOptions& options, std::uint32_t context) {
  if (!options.n_prefill.empty()) return options.n_prefill;
  return {context > options.depth ? std::min(kDefaultPrefill, context - options.depth) : 0};
}

// REQUIRES: a prefill length.
std::uint32_t longest(const BenchOptions& options) {
  return options.depth + std::max(*std::ranges::max_element(options.n_prefill), options.n_decode);
}

// The peaks that this model's kernels run into.
std::array<bool, kernels::kPeaks> wanted_peaks(Runtime& runtime) {
  std::array<bool, kernels::kPeaks> wanted{};
  for (const bool is_decode : {false, true}) {
    const StepCost cost = step_cost(runtime.model(), runtime.kernels(), kernels::KvType::f16, {.is_decode = is_decode});
    for (std::size_t i = 0; i < wanted.size(); ++i) wanted[i] = wanted[i] || cost.operations[i] > 0;
  }
  return wanted;
}

class Bench {
 public:
  // from_memory: the weights do not fit into the cache.
  Bench(Runtime& runtime, const BenchOptions& options, std::uint32_t pages_per_seq, RoofMeter& meter, bool from_memory)
      : runtime_(runtime),
        options_(options),
        meter_(meter),
        from_memory_(from_memory),
        peaks_(wanted_peaks(runtime)),
        plans_({.n_vocab = runtime.model().info().n_vocab,
                .page_tokens = runtime.arena().config().page_tokens,
                .pages_per_seq = pages_per_seq}),
        logits_(std::size_t{runtime.model().info().n_vocab} * runtime.executor().limits().max_logits_per_step) {}

  BenchLine prefill(std::uint32_t n_tokens) {
    BenchLine line{.test = "prefill", .n_tokens = n_tokens, .batch = 1};
    prefill_tokens(0, options_.depth, n_tokens);  // warm-up: reads the whole model from disk, if need be
    const auto least_time = [&](const Roofs& roofs) {
      Bound all;
      for (std::uint32_t done = 0; done < n_tokens; done += kPrefillTokensPerStep) {
        const std::uint32_t n = std::min(n_tokens - done, kPrefillTokensPerStep);
        const Bound step = bound_of(cost({.n_tokens = n, .depth = options_.depth + done}), roofs, from_memory_);
        all = {.seconds = all.seconds + step.seconds, .by = step.by};
      }
      return all;
    };
    repeat(line, n_tokens, least_time, [&] { prefill_tokens(0, options_.depth, n_tokens); });
    return line;
  }

  BenchLine decode(std::uint32_t batch) {
    BenchLine line{.test = "decode", .n_tokens = options_.n_decode, .batch = batch};
    decode_steps(batch, std::min(kWarmUpSteps, options_.n_decode));
    const std::uint32_t depth = options_.depth + options_.n_decode / 2;  // of the middle step
    const StepCost least = cost({.is_decode = true, .n_seqs = batch, .depth = depth});
    const auto least_time = [&](const Roofs& roofs) {
      const Bound step = bound_of(least, roofs, from_memory_);
      return Bound{.seconds = step.seconds * options_.n_decode, .by = step.by};
    };
    repeat(line, batch * options_.n_decode, least_time, [&] { decode_steps(batch, options_.n_decode); });
    line.bytes_per_s = line.tokens_per_s.median / batch * least.bytes();
    return line;
  }

  // REQUIRES: a line was measured.
  Summary read_roof() const { return summarize(read_roofs_); }

  void fill_caches() {
    for (std::uint32_t seq = 0; seq < max_batch(options_); ++seq) prefill_tokens(seq, 0, options_.depth);
  }

 private:
  StepCost cost(const Work& work) const {
    return step_cost(runtime_.model(), runtime_.kernels(), runtime_.arena().config().type, work);
  }

  // The body and the roofs in turns: neighbours of a machine move both within seconds, so that each run is compared
  // with the roofs just before and just after it.
  void repeat(BenchLine& line, std::uint32_t n_tokens, const std::function<Bound(const Roofs&)>& least_time,
              const std::function<void()>& body) {
    std::vector<double> tokens_per_s, shares;
    RoofSample before = sample_roofs(meter_, runtime_.pool().n_workers(), peaks_);
    for (std::uint32_t i = 0; i < options_.repetitions; ++i) {
      const TimePoint begin = runtime_.clock().now();
      body();
      const double seconds = to_seconds(runtime_.clock().now() - begin);
      RoofSample after = sample_roofs(meter_, runtime_.pool().n_workers(), peaks_);
      const Roofs roofs = roofs_between(before, after);
      const Bound bound = least_time(roofs);
      tokens_per_s.push_back(n_tokens / seconds);
      shares.push_back(bound.seconds / seconds);
      read_roofs_.push_back(roofs.read_bytes);
      line.bound_by = bound.by;
      before = std::move(after);
    }
    line.tokens_per_s = summarize(tokens_per_s);
    line.roof_share = summarize(shares);
  }

  void prefill_tokens(std::uint32_t seq, std::uint32_t first, std::uint32_t n_tokens) {
    for (std::uint32_t done = 0; done < n_tokens;) {
      const std::uint32_t n = std::min(n_tokens - done, kPrefillTokensPerStep);
      forward(plans_.prefill(seq, first + done, n, done + n == n_tokens));
      done += n;
    }
  }

  void decode_steps(std::uint32_t batch, std::uint32_t n_steps) {
    for (std::uint32_t step = 0; step < n_steps; ++step) forward(plans_.decode(batch, options_.depth + step));
  }

  void forward(const engine::StepPlan& plan) {
    const std::size_t n_values = std::size_t{plan.n_logits()} * runtime_.model().info().n_vocab;
    runtime_.executor().forward(plan, std::span(logits_).first(n_values));
  }

  Runtime& runtime_;
  const BenchOptions& options_;
  RoofMeter& meter_;
  bool from_memory_;
  std::array<bool, kernels::kPeaks> peaks_;
  std::vector<double> read_roofs_;
  PlanBuilder plans_;
  std::vector<float> logits_;  // [max_logits, n_vocab]
};

// Sequences own equal runs of pages. Returns the pages of one.
Result<std::uint32_t> check_room(Runtime& runtime, const BenchOptions& options) {
  const std::uint32_t context = runtime.executor().limits().max_context;
  if (longest(options) > context) {
    return fail(Errc::bad_input,
                "bench: --depth and --n-prompt or --n-gen together want {} positions, the model's context has {}",
                longest(options), context);
  }
  if (runtime.executor().limits().max_seqs_per_step < max_batch(options)) {
    return fail(Errc::overloaded,
                "bench: {} sequences want as many pages of recurrent state, found {}; raise --memory "
                "or lower --batch",
                max_batch(options), runtime.executor().limits().max_seqs_per_step);
  }
  const kv::KvConfig& kv = runtime.arena().config();
  const std::uint32_t pages_per_seq = kv::pages_for(longest(options), kv.page_tokens);
  if (std::uint64_t{pages_per_seq} * max_batch(options) > kv.n_pages) {
    return fail(Errc::overloaded, "bench: {} sequences want {} KV pages, found {}; raise --memory or lower --batch",
                max_batch(options), std::uint64_t{pages_per_seq} * max_batch(options), kv.n_pages);
  }
  return pages_per_seq;
}

}  // namespace

Load bench_load(BenchOptions options) {
  options.n_prefill = prefill_lengths(options, options.depth + kDefaultPrefill);
  return {.parallel = max_batch(options), .prefill_tokens = kPrefillTokensPerStep, .min_context = longest(options)};
}

Result<BenchReport> measure(Runtime& runtime, BenchOptions options) {
  options.n_prefill = prefill_lengths(options, runtime.executor().limits().max_context);
  QUERN_TRY(const std::uint32_t pages_per_seq, check_room(runtime, options));
  runtime.pool().pin_caller();  // no engine thread here: this one computes
  const engine::ModelInfo& info = runtime.model().info();
  BenchReport report{.model = runtime.model_id(),
                     .architecture = info.architecture,
                     .isa = runtime.kernels().isa,
                     .model_bytes = info.size_bytes,
                     .n_threads = runtime.pool().n_workers(),
                     .depth = options.depth,
                     .repetitions = options.repetitions};
  QUERN_TRY(RoofMeter meter, RoofMeter::create(runtime.topology(), runtime.pool(), runtime.ledger()));
  report.weights_in_cache = info.size_bytes < 2 * runtime.topology().l3_bytes;

  Bench bench(runtime, options, pages_per_seq, meter, !report.weights_in_cache);
  bench.fill_caches();
  for (const std::uint32_t n_tokens : options.n_prefill) {
    if (n_tokens > 0) report.lines.push_back(bench.prefill(n_tokens));
  }
  for (const std::uint32_t batch : options.batches) {
    if (options.n_decode > 0) report.lines.push_back(bench.decode(batch));
  }
  if (!report.lines.empty()) report.read_roof = bench.read_roof();
  return report;
}

}  // namespace quern::app

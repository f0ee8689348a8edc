#include "sched/engine_loop.hpp"

#include "base/log.hpp"
#include "sched/plan_builder.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace quern::sched {
namespace {

BatchLimits batch_limits(const engine::BackendLimits& backend, const SchedulerLimits& limits) noexcept {
  return {.max_tokens = backend.max_tokens_per_step,
          .max_seqs = backend.max_seqs_per_step,
          .max_logits = backend.max_logits_per_step,
          .prefill_tokens = limits.prefill_tokens_per_step};
}

// Called in a catch block. Logging allocates and so may throw the very exception that it reports.
void log_current_exception(const char* what_failed) noexcept {
  try {
    try {
      throw;
    } catch (const std::exception& e) {
      log::error("{}: {}", what_failed, e.what());
    } catch (...) {
      log::error("{}: unknown exception", what_failed);
    }
  } catch (...) {
  }
}

}  // namespace

EngineLoop::EngineLoop(const EngineParts& parts, const SchedulerLimits& limits, std::uint32_t page_tokens)
    : parts_(parts),
      page_tokens_(page_tokens),
      n_vocab_(parts.backend.info().n_vocab),
      states_(limits.max_running),
      admission_(parts.pool, parts.queue.capacity(), limits.max_running),
      batcher_(batch_limits(parts.backend.limits(), limits), limits.max_running),
      logits_(std::size_t{parts.backend.limits().max_logits_per_step} * n_vocab_) {
  reserve_plan(plan_, parts.backend.limits(), page_tokens);
  running_.reserve(limits.max_running);
  runnable_.reserve(limits.max_running);
  inputs_.reserve(limits.max_running);
}

void EngineLoop::run(const std::atomic<bool>& stop) noexcept {
  for (;;) {
    const std::uint32_t epoch = parts_.signal.epoch();  // before looking for work: see EngineSignal
    if (stop.load(std::memory_order_acquire)) break;
    if (!step()) parts_.signal.wait(epoch);
  }
  shut_down();
}

bool EngineLoop::step() noexcept {
  sweep();
  admit();
  collect_runnable();
  const bool has_work = !runnable_.empty();
  parts_.stats.parked.store(static_cast<std::uint32_t>(running_.size() - runnable_.size()), std::memory_order_relaxed);
  if (has_work) run_step();
  return has_work;
}

void EngineLoop::shut_down() noexcept {
  while (const std::shared_ptr<Generation> generation = parts_.queue.pop()) {
    finish_waiting(*generation, FinishReason::cancelled);
  }
  while (const std::shared_ptr<Generation> generation = admission_.take_any()) {
    finish_waiting(*generation, FinishReason::cancelled);
  }
  for (const auto& sequence : running_) finish(*sequence, {.finish = FinishReason::cancelled});
  remove_finished();
}

// Submissions and cancellations raise the signal after they are visible, so an unchanged epoch means none are new.
void EngineLoop::sweep() noexcept {
  const std::uint32_t epoch = parts_.signal.epoch();
  if (swept_ && epoch == swept_epoch_) return;
  swept_ = true;
  swept_epoch_ = epoch;
  while (std::shared_ptr<Generation> generation = parts_.queue.pop()) admission_.enqueue(std::move(generation));
  while (const std::shared_ptr<Generation> generation = admission_.take_cancelled()) {
    finish_waiting(*generation, FinishReason::cancelled);
  }
  for (const auto& sequence : running_) {
    if (sequence->cancelled()) finish(*sequence, {.finish = FinishReason::cancelled});
  }
  remove_finished();
}

void EngineLoop::admit() noexcept {
  while (const std::shared_ptr<Generation> generation = admission_.admit(static_cast<std::uint32_t>(running_.size()))) {
    try {
      running_.push_back(std::make_unique<Sequence>(generation, parts_.pool, states_, page_tokens_));
      parts_.queue.release_place();
      parts_.stats.running.store(static_cast<std::uint32_t>(running_.size()), std::memory_order_relaxed);
      parts_.stats.queue.observe(parts_.clock.now() - generation->submitted);
    } catch (...) {
      log_current_exception("admission failed");
      parts_.pool.unreserve(generation->n_pages_needed);
      finish_waiting(*generation, FinishReason::failed);
    }
  }
}

void EngineLoop::collect_runnable() noexcept {
  runnable_.clear();
  inputs_.clear();
  for (const auto& sequence : running_) {
    const bool was_parked = sequence->state() == RequestState::parked;
    if (!sequence->stream().has_room() && (was_parked || sequence->stream().park())) {
      if (!was_parked) sequence->park();
      continue;
    }
    if (was_parked) sequence->unpark();
    runnable_.push_back(sequence.get());
    inputs_.push_back({.n_prompt_left = sequence->n_prompt_left(), .last_turn = sequence->last_turn});
  }
}

void EngineLoop::run_step() noexcept {
  const TimePoint begin = parts_.clock.now();
  const std::span<const BatchShare> shares = batcher_.choose(inputs_);
  for (const BatchShare& share : shares) runnable_[share.index]->last_turn = ++last_turn_;
  build_plan(shares, runnable_, plan_);
  parts_.backend.forward(plan_, std::span(logits_).first(std::size_t{plan_.n_logits()} * n_vocab_));
  deliver(shares);
  remove_finished();
  parts_.stats.steps.fetch_add(1, std::memory_order_relaxed);
  parts_.stats.step.observe(parts_.clock.now() - begin);
}

void EngineLoop::deliver(std::span<const BatchShare> shares) noexcept {
  const TimePoint now = parts_.clock.now();
  std::size_t logits_begin = 0;
  for (const BatchShare& share : shares) {
    Sequence& sequence = *runnable_[share.index];
    const std::span<const float> logits = std::span<const float>(logits_).subspan(logits_begin, n_vocab_);
    if (share.logits) logits_begin += n_vocab_;
    // Nobody set `cancelled` back, so rows that forward() dropped are never sampled.
    if (sequence.cancelled()) {
      finish(sequence, {.finish = FinishReason::cancelled});
      continue;
    }
    const bool prefills = sequence.n_prompt_left() > 0;
    if (prefills) parts_.stats.prompt_tokens.fetch_add(share.n_tokens, std::memory_order_relaxed);
    sequence.advance(share.n_tokens);
    if (!share.logits) continue;
    try {
      deliver_token(sequence, logits, now);
    } catch (...) {
      log_current_exception("sampling failed");
      finish(sequence, {.finish = FinishReason::failed});
    }
  }
}

void EngineLoop::deliver_token(Sequence& sequence, std::span<const float> logits, TimePoint now) {
  const engine::sampling::Drawn drawn = sequence.sample(logits);
  const GenerateRequest& request = sequence.request();
  const auto& stops = request.stop_tokens;
  const bool is_end = parts_.tokenizer.is_end_of_generation(drawn.token) ||
                      std::find(stops.begin(), stops.end(), drawn.token) != stops.end();
  if (is_end && !request.ignore_eos) {
    finish(sequence, {.logprob = drawn.logprob, .finish = FinishReason::stop});
    return;
  }
  sequence.accept(drawn.token);
  observe_token(sequence, now);
  if (sequence.at_length()) {
    finish(sequence, {.token = drawn.token, .logprob = drawn.logprob, .finish = FinishReason::length});
  } else {
    sequence.stream().push({.token = drawn.token, .logprob = drawn.logprob});
  }
}

void EngineLoop::observe_token(Sequence& sequence, TimePoint now) noexcept {
  parts_.stats.generated_tokens.fetch_add(1, std::memory_order_relaxed);
  if (sequence.n_generated() == 1) {
    parts_.stats.time_to_first_token.observe(now - sequence.generation().submitted);
  } else {
    parts_.stats.inter_token.observe(now - sequence.last_token_at);
  }
  sequence.last_token_at = now;
}

void EngineLoop::finish(Sequence& sequence, TokenEvent last) noexcept {
  if (sequence.state() == RequestState::finished) return;
  sequence.finish();  // pages first: who reads the last event finds them free
  parts_.stats.count_finish(last.finish);
  sequence.stream().finish(last);
  parts_.stats.live.fetch_sub(1, std::memory_order_seq_cst);
}

void EngineLoop::finish_waiting(Generation& generation, FinishReason reason) noexcept {
  parts_.queue.release_place();
  generation.sampler.reset();
  generation.state.store(RequestState::finished, std::memory_order_release);
  parts_.stats.count_finish(reason);
  generation.stream->finish({.finish = reason});
  parts_.stats.live.fetch_sub(1, std::memory_order_seq_cst);
}

void EngineLoop::remove_finished() noexcept {
  std::erase_if(running_, [](const auto& sequence) { return sequence->state() == RequestState::finished; });
  parts_.stats.running.store(static_cast<std::uint32_t>(running_.size()), std::memory_order_relaxed);
}

}  // namespace quern::sched

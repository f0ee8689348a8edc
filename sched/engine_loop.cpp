#include "sched/engine_loop.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"
#include "sched/log_exception.hpp"
#include "sched/pace_limits.hpp"
#include "sched/plan_builder.hpp"
#include "sched/settle.hpp"

#include <algorithm>
#include <utility>

namespace quern::sched {
namespace {

using engine::sampling::RowFault;

// What a step without decodes may take, and the tokens that it has in any case. On a machine with 90 tokens/s that is
// 90 tokens instead of 512: about 2% more for a prompt alone, by the cost of a step.
constexpr double kLongestStep_s = 1;
constexpr std::uint32_t kLeastChunk = 64;
// Tokens of one sequence in a step that were not drawn: about what costs a step no more than a third of its time.
constexpr std::uint32_t kMaxJump = 16;
// What an answer is taken to be long before any has ended.
constexpr double kFirstTypicalAnswer = 64;

BatchLimits batch_limits(const engine::BackendLimits& backend) noexcept {
  return {.max_tokens = backend.max_tokens_per_step,
          .max_seqs = backend.max_seqs_per_step,
          .max_logits = backend.max_logits_per_step};
}

}  // namespace

EngineLoop::EngineLoop(const EngineParts& parts, CacheParts cache, const SchedulerLimits& limits,
                       std::uint32_t page_tokens)
    : parts_(parts),
      limits_(limits),
      page_tokens_(page_tokens),
      n_vocab_(parts.backend.info().n_vocab),
      residents_(std::move(cache), parts.stats, limits_, parts.queue.capacity(), page_tokens),
      batcher_(batch_limits(parts.backend.limits()), parts.queue.capacity() + limits.max_running),
      cost_(parts.backend.info().context_cost),
      pace_(pace_limits(limits)),
      logits_(std::size_t{parts.backend.limits().max_logits_per_step} * n_vocab_),
      typical_answer_(kFirstTypicalAnswer) {
  reserve_plan(plan_, parts.backend.limits(), page_tokens);
  runnable_.reserve(limits.max_running);
  inputs_.reserve(limits.max_running);
  prefilling_.reserve(limits.max_running);
  strict_.reserve(limits.max_running);
  draws_.reserve(parts.backend.limits().max_logits_per_step);
}

void EngineLoop::run(const std::atomic<bool>& stop) noexcept {
  for (;;) {
    const std::uint32_t epoch = parts_.signal.epoch();  // before looking for work: see EngineSignal
    if (stop.load(std::memory_order_acquire)) break;
    if (!step()) parts_.signal.wait(epoch, idle_time());
  }
  shut_down();
}

bool EngineLoop::step() noexcept {
  sweep();
  residents_.give_back_memory();
  admit();
  grow_pages();
  collect_runnable();
  const bool has_work = !runnable_.empty();
  parts_.stats.busy.store(has_work, std::memory_order_relaxed);
  parts_.stats.mark_progress();
  if (has_work) {
    run_step();
  } else {
    publish(0, false);
  }
  return has_work;
}

std::optional<Duration> EngineLoop::idle_time() const noexcept {
  // Nobody waits for long beside an idle engine: only while all places are held by readers that do not read.
  constexpr std::chrono::milliseconds kLookAgain{20};
  const auto has_limit = [](const auto& sequence) {
    return sequence->request().deadline || sequence->request().max_queue;
  };
  const bool any =
      std::ranges::any_of(residents_.line().all(), has_limit) || std::ranges::any_of(residents_.running(), has_limit);
  return any ? std::optional<Duration>(kLookAgain) : std::nullopt;
}

void EngineLoop::shut_down() noexcept {
  while (const std::shared_ptr<Generation> generation = parts_.queue.pop()) {
    finish_generation(*generation, {.finish = FinishReason::cancelled});
  }
  while (const auto sequence = residents_.line().take_if([](const Sequence&) { return true; })) {
    finish_waiting(*sequence, FinishReason::cancelled);
  }
  for (const auto& sequence : residents_.running()) finish(*sequence, {.finish = FinishReason::cancelled});
  residents_.remove_ended();
}

// Submissions and cancellations raise the signal after they are visible, so an unchanged epoch means none are new.
void EngineLoop::sweep() noexcept {
  const std::uint32_t epoch = parts_.signal.epoch();
  if (!swept_ || epoch != swept_epoch_) {
    swept_ = true;
    swept_epoch_ = epoch;
    take_submissions();
    while (const auto sequence = residents_.line().take_if([](const Sequence& s) { return s.cancelled(); })) {
      finish_waiting(*sequence, sequence->generation().cancel_reason());
    }
    for (const auto& sequence : residents_.running()) {
      if (sequence->cancelled()) finish(*sequence, {.finish = sequence->generation().cancel_reason()});
    }
  }
  end_late();
  residents_.remove_ended();
}

void EngineLoop::admit() noexcept {
  const TimePoint now = parts_.clock.now();
  residents_.admit(now, [&](Sequence& sequence) {
    parts_.stats.running.store(static_cast<std::uint32_t>(residents_.running().size()), std::memory_order_relaxed);
    if (sequence.generation().n_preemptions.load(std::memory_order_relaxed) == 0) {
      parts_.stats.queue.observe(now - sequence.generation().submitted);
    }
    if (too_late(sequence, now)) finish(sequence, {.finish = FinishReason::timed_out});
  });
  publish_wait(now);
}

// Whether it cannot even compute the rest of its prompt, alone, before its deadline: better to say so at once. What the
// prefix cache has of it is known by now. One that is alone may try: it takes nothing from anybody, and its steps show
// whether what was learned is still true (else a slow start could turn deadlines away for ever).
bool EngineLoop::too_late(const Sequence& sequence, TimePoint now) const noexcept {
  const std::optional<Duration>& deadline = sequence.request().deadline;
  const bool alone = residents_.running().size() < 2;
  if (!deadline || alone || sequence.decodes() || !cost_.known()) return false;
  const double work = cost_.prefill_work(sequence.n_left(), sequence.n_computed());
  return work / cost_.work_per_second() > to_seconds(sequence.generation().submitted + *deadline - now);
}

// Whoever decodes needs a place for its next tokens; that may cost somebody else all of its pages.
void EngineLoop::grow_pages() noexcept {
  const TimePoint now = parts_.clock.now();
  for (const auto& sequence : residents_.running()) {
    if (sequence->state() != RequestState::preempted && sequence->decodes()) {
      residents_.grow(*sequence, static_cast<std::uint32_t>(sequence->tokens().size()), now);
    }
  }
  residents_.remove_ended();
}

void EngineLoop::collect_runnable() noexcept {
  runnable_.clear();
  inputs_.clear();
  prefilling_.clear();
  const TimePoint now = parts_.clock.now();
  std::uint32_t n_parked = 0;
  for (const auto& sequence : residents_.running()) {
    const bool was_parked = sequence->state() == RequestState::parked;
    if (!sequence->stream().has_room() && (was_parked || sequence->stream().park())) {
      sequence->set_state(RequestState::parked, now);
      residents_.set_stuck(*sequence, true);
      ++n_parked;
      continue;
    }
    residents_.set_stuck(*sequence, false);
    const bool decodes = sequence->decodes();
    sequence->set_state(decodes ? RequestState::decode : RequestState::prefill, now);
    if (!decodes) {
      residents_.catch_up(*sequence);
      if (waits_for_others(*sequence)) continue;
      prefilling_.push_back(sequence.get());
    }
    runnable_.push_back(sequence.get());
    inputs_.push_back({.n_prompt_left = decodes ? 0 : sequence->n_left(),
                       .last_turn = sequence->last_turn,
                       .tenant = sequence->tenant().index,
                       .max_chunk = residents_.max_chunk(*sequence),
                       .decode_role = residents_.replays(*sequence),
                       .n_decode = decodes ? sequence->n_left() : 1,
                       .all_logits = sequence->scores_prompt()});
  }
  parts_.stats.parked.store(n_parked, std::memory_order_relaxed);
}

// Whether somebody ahead of it is computing the very page that it needs next: it will find it in the cache.
bool EngineLoop::waits_for_others(const Sequence& sequence) const noexcept {
  if (!limits_.prefix_cache || !sequence.request().use_cache || sequence.n_left() <= page_tokens_ ||
      sequence.n_computed() != sequence.n_chained * page_tokens_ || residents_.keeps_state()) {
    return false;
  }
  const auto next_page = sequence.tokens().subspan(sequence.n_computed(), page_tokens_);
  return std::ranges::any_of(prefilling_, [&](const Sequence* other) {
    const std::size_t begin = std::size_t{other->n_chained} * page_tokens_;
    return other->chain == sequence.chain && other->request().use_cache && begin + page_tokens_ <= other->n_prompt() &&
           std::ranges::equal(other->tokens().subspan(begin, page_tokens_), next_page);
  });
}

// Prompt tokens of a step in which nothing decodes: as many as the backend takes, but no longer than a request that
// comes meanwhile should wait for an answer, or a place.
std::uint32_t EngineLoop::alone_budget(std::uint32_t deepest) const noexcept {
  const std::uint32_t most = parts_.backend.limits().max_tokens_per_step;
  return std::clamp(cost_.tokens_for(cost_.work_within({}, kLongestStep_s), deepest), std::min(kLeastChunk, most),
                    most);
}

// Prompt tokens that may join the decodes of this step; no prompt gets more than its own target allows.
std::uint32_t EngineLoop::prefill_budget(TimePoint now) noexcept {
  policy::StepShape decodes;
  std::uint32_t deepest = 0;
  strict_.clear();
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const Sequence& sequence = *runnable_[i];
    if (inputs_[i].n_prompt_left > 0) {
      deepest = std::max(deepest, sequence.n_computed());
      continue;
    }
    decodes.n_decodes += inputs_[i].n_decode;
    decodes.decode_context += inputs_[i].n_decode * cost_.decode_context(sequence.n_computed());
    const std::optional<Duration>& own = sequence.request().max_itl;
    if (own) strict_.push_back({.tenant = inputs_[i].tenant, .max_itl_s = to_seconds(*own)});
  }
  const bool prompts = decodes.n_decodes < inputs_.size();
  const policy::Others others = parts_.seat != nullptr ? parts_.seat->others() : policy::Others{};
  if (decodes.n_decodes == 0) {
    publish(0, prompts);
    if (others.decodes_s == 0) return alone_budget(deepest);
  }
  const std::uint32_t most = limits_.prefill_tokens_per_step;
  const std::uint32_t places = std::min(parts_.backend.limits().max_seqs_per_step, limits_.max_running);
  if (decodes.n_decodes > places) {
    decodes.decode_context *= static_cast<double>(places) / decodes.n_decodes;
    decodes.n_decodes = places;
  }
  const double alone = decodes.n_decodes == 0 ? 0 : cost_.seconds(decodes), spread = cost_.spread();
  publish(alone, prompts);
  if (cost_.wants_pure_step(decodes.n_decodes)) return 0;
  std::uint32_t budget = 1;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i].n_prompt_left == 0) continue;
    const double age = to_seconds(now - runnable_[i]->placed_at);
    const double round = policy::step_target(pace_, alone + others.decodes_s, spread, age, inputs_[i].tenant, strict_);
    const double work = cost_.work_within(decodes, policy::step_of_round(round, alone, spread, others));
    const std::uint32_t chunk = std::clamp(cost_.tokens_for(work, runnable_[i]->n_computed()), 1u, most);
    inputs_[i].max_chunk = std::min(inputs_[i].max_chunk, chunk);
    budget = std::max(budget, std::min(cost_.tokens_for(work, deepest), most));
  }
  return budget;
}

void EngineLoop::publish(double decodes_s, bool prompts) noexcept {
  if (parts_.seat != nullptr) parts_.seat->publish(decodes_s, decodes_s * cost_.spread(), prompts);
}

void EngineLoop::run_step() noexcept {
  const TimePoint begin = parts_.clock.now();
  const std::span<const BatchShare> shares = batcher_.choose(inputs_, prefill_budget(begin));
  for (const BatchShare& share : shares) runnable_[share.index]->last_turn = ++last_turn_;
  for (const BatchShare& share : shares) {  // promised at admission: cannot fail
    Sequence& sequence = *runnable_[share.index];
    residents_.grow(sequence, sequence.n_computed() + share.n_tokens, begin);
  }
  build_plan(shares, runnable_, plan_);
  for (std::size_t i = 0; parts_.audit != nullptr && i < shares.size(); ++i) {
    const Status audit = parts_.audit->check_step(*runnable_[shares[i].index], shares[i].n_tokens);
    if (!audit) log::error("{}", audit.error().detail);
    QUERN_ASSERT(audit);
  }
  forward(shares);
  deliver(shares);
  residents_.remove_ended();
  parts_.stats.steps.fetch_add(1, std::memory_order_relaxed);
  parts_.stats.mark_progress();
}

// When it is this engine's turn. What it waits for that is no part of what the step takes.
void EngineLoop::forward(std::span<const BatchShare> shares) noexcept {
  std::optional<Conductor::Turn> turn;
  if (parts_.seat != nullptr) turn.emplace(parts_.seat->conductor());
  const TimePoint begin = parts_.clock.now();
  parts_.backend.forward(plan_, std::span(logits_).first(std::size_t{plan_.n_logits()} * n_vocab_));
  const Duration took = parts_.clock.now() - begin;
  draw(shares);
  turn.reset();
  learn(shares, took);
  parts_.stats.step.observe(took);
}

// The next tokens, on all cores: a row of a large vocabulary takes as long as some layers of a small model.
void EngineLoop::draw(std::span<const BatchShare> shares) noexcept {
  draws_.clear();
  for (const BatchShare& share : shares) {
    Sequence* const sequence = runnable_[share.index];
    for (std::uint32_t n = share.n_rows(); n > 0; --n) {
      const std::size_t begin = draws_.size() * n_vocab_;
      draws_.push_back({.sequence = sequence,
                        .logits = std::span<const float>(logits_).subspan(begin, n_vocab_),
                        .position = sequence->n_computed() + share.n_tokens - n,
                        .last = n == 1 && share.logits});
    }
  }
  const auto one = [this](std::size_t i) noexcept { draw_one(draws_[i]); };
  if (parts_.seat != nullptr) {
    parts_.seat->conductor().for_each(draws_.size(), one);
  } else {
    for (std::size_t i = 0; i < draws_.size(); ++i) one(i);
  }
}

void EngineLoop::draw_one(Draw& draw) noexcept {
  Sequence& sequence = *draw.sequence;
  // Nobody sets `cancelled` back, so rows that forward() dropped are never sampled.
  if (sequence.cancelled()) return;
  draw.fault = engine::sampling::find_fault(draw.logits);
  if (draw.fault != RowFault::none) return;
  try {
    if (sequence.scores_prompt()) sequence.score_next(draw.position, draw.logits);
    if (draw.last && !sequence.at_length()) draw.drawn = sequence.sample(draw.logits);
  } catch (...) {
    draw.failure = std::current_exception();
  }
}

void EngineLoop::learn(std::span<const BatchShare> shares, Duration took) noexcept {
  policy::StepShape shape;
  for (const BatchShare& share : shares) {
    if (inputs_[share.index].n_prompt_left == 0) {
      shape.n_decodes += share.n_tokens;
      shape.decode_context += share.n_tokens * cost_.decode_context(runnable_[share.index]->n_computed());
    } else {
      shape.prefill_work += cost_.prefill_work(share.n_tokens, runnable_[share.index]->n_computed());
    }
  }
  cost_.observe(shape, took, parts_.clock.now());
}

void EngineLoop::deliver(std::span<const BatchShare> shares) noexcept {
  const TimePoint now = parts_.clock.now();
  std::size_t n_draws = 0;
  for (const BatchShare& share : shares) {
    Sequence& sequence = *runnable_[share.index];
    const auto rows = std::span(draws_).subspan(n_draws, share.n_rows());
    n_draws += rows.size();
    Draw* const draw = rows.empty() || !rows.back().last ? nullptr : &rows.back();
    if (sequence.cancelled()) {
      finish(sequence, {.finish = sequence.generation().cancel_reason()});
      continue;
    }
    const auto bad =
        std::ranges::find_if(rows, [](const Draw& row) { return row.fault != RowFault::none || row.failure; });
    if (bad != rows.end()) {  // before its pages are listed
      fail_draw(sequence, *bad);
      continue;
    }
    if (inputs_[share.index].n_prompt_left > 0) {
      parts_.stats.prompt_tokens.fetch_add(share.n_tokens, std::memory_order_relaxed);
    }
    sequence.advance(share.n_tokens);
    residents_.list_pages(sequence);
    if (draw == nullptr) continue;
    residents_.trust(sequence);
    if (sequence.at_length()) {  // nothing was to be generated
      finish(sequence, {.finish = FinishReason::length});
      continue;
    }
    try {
      deliver_token(sequence, std::move(*draw->drawn), now);
    } catch (...) {
      log_current_exception("sampling failed");
      finish(sequence, {.finish = FinishReason::failed});
    }
  }
}

void EngineLoop::deliver_token(Sequence& sequence, engine::sampling::Drawn drawn, TimePoint now) {
  const GenerateRequest& request = sequence.request();
  const auto& stops = request.stop_tokens;
  const bool is_end = parts_.tokenizer.is_end_of_generation(drawn.token) ||
                      std::find(stops.begin(), stops.end(), drawn.token) != stops.end();
  if (is_end && !request.ignore_eos) {
    finish(sequence, {.logprob = drawn.logprob, .finish = FinishReason::stop});
    return;
  }
  TokenEvent event{.token = drawn.token, .logprob = drawn.logprob, .top = std::move(drawn.top)};
  if (!push_token(sequence, std::move(event), now)) return;
  // What its grammar says has to follow is not drawn: a step for all of it, and a place in the stream for each.
  while (sequence.n_left() <= kMaxJump) {
    const std::size_t limit = std::min<std::size_t>(kMaxJump + 1 - sequence.n_left(), sequence.stream().room());
    const std::span<const engine::TokenId> forced = sequence.forced(limit);
    if (forced.empty()) break;
    const std::vector<engine::TokenId> tokens(forced.begin(), forced.end());
    parts_.stats.forced_tokens.fetch_add(tokens.size(), std::memory_order_relaxed);
    for (const engine::TokenId token : tokens) {
      if (!push_token(sequence, {.token = token}, now)) return;
    }
  }
  if (sequence.generation().constraint) sequence.generation().constraint->prepare();
}

// False: it was the last one.
bool EngineLoop::push_token(Sequence& sequence, TokenEvent event, TimePoint now) {
  sequence.accept(event.token);
  residents_.charge_token(sequence);
  sequence.set_state(RequestState::decode, now);
  observe_token(sequence, now);
  if (sequence.complete()) {
    event.finish = FinishReason::stop;
  } else if (sequence.at_length() || sequence.out_of_time(now)) {
    event.finish = FinishReason::length;
  }
  if (event.finish != FinishReason::none) {
    finish(sequence, std::move(event));
    return false;
  }
  sequence.stream().push(event);
  return true;
}

void EngineLoop::fail_draw(Sequence& sequence, const Draw& draw) noexcept {
  if (draw.fault != RowFault::none) return fail_row(sequence, draw.fault);
  try {
    std::rethrow_exception(draw.failure);
  } catch (...) {
    log_current_exception("sampling failed");
    finish(sequence, {.finish = FinishReason::failed});
  }
}

void EngineLoop::fail_row(Sequence& sequence, RowFault fault) noexcept {
  try {
    log::error("request {} ({}): the model's logits at position {} hold {}", sequence.generation().id,
               sequence.request().label, sequence.tokens().size() - 1, engine::sampling::row_fault_text(fault));
  } catch (...) {
    log_current_exception("a broken row of logits could not be reported");
  }
  residents_.forget(sequence);
  finish(sequence, {.finish = FinishReason::failed, .fault = fault});
}

void EngineLoop::observe_token(Sequence& sequence, TimePoint now) noexcept {
  parts_.stats.generated_tokens.fetch_add(1, std::memory_order_relaxed);
  if (sequence.n_generated() == 1) {
    parts_.stats.time_to_first_token.observe(now - sequence.generation().submitted);
    sequence.first_token_at = now;
  } else {
    parts_.stats.inter_token.observe(now - sequence.last_token_at);
  }
  sequence.last_token_at = now;
}

void EngineLoop::finish(Sequence& sequence, TokenEvent last) noexcept {
  if (sequence.state() == RequestState::finished) return;
  residents_.end(sequence, parts_.clock.now());  // pages first: who reads the last event finds them free
  finish_generation(sequence.generation(), last);
}

// One that was taken out of the line.
void EngineLoop::finish_waiting(Sequence& sequence, FinishReason reason) noexcept {
  sequence.set_state(RequestState::finished, parts_.clock.now());
  residents_.leave(sequence);
  finish_generation(sequence.generation(), {.finish = reason});
}

void EngineLoop::finish_generation(Generation& generation, TokenEvent last) noexcept {
  if (last.finish == FinishReason::stop || last.finish == FinishReason::length) {
    constexpr double kShareOfNewest = 0.05;
    typical_answer_ += kShareOfNewest * (generation.n_generated.load(std::memory_order_relaxed) - typical_answer_);
  }
  settle(generation, last, parts_.queue, parts_.stats, parts_.clock.now());
}

}  // namespace quern::sched

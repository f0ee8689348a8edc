#include "sched/embed/embed_loop.hpp"

#include "base/log.hpp"
#include "sched/log_exception.hpp"
#include "sched/pace_limits.hpp"
#include "sched/settle.hpp"
#include "sched/tenant_places.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace quern::sched {
namespace {

// What a step may take where nobody streams: no longer than somebody who comes meanwhile should wait.
constexpr double kLongestStep_s = 0.5;
// A request that has waited so long goes before all younger ones.
constexpr std::chrono::seconds kPatientAge{10};
// A deadline is taken for one that cannot be met if the forecast is so much later: it is no promise.
constexpr double kForecastMargin = 1.25;

std::uint32_t length_of(const std::vector<engine::TokenId>& text) noexcept {
  return static_cast<std::uint32_t>(text.size());
}

}  // namespace

EmbedLoop::EmbedLoop(const EmbedParts& parts, const SchedulerLimits& limits)
    : parts_(parts),
      capacity_(std::uint64_t{limits.queue_capacity} + limits.max_running),
      pace_(pace_limits(limits)),
      cost_(parts.context_cost),
      tenants_(limits.tenant_weights) {
  jobs_.reserve(parts.queue.capacity());
  shares_.reserve(parts.limits.max_seqs_per_step);
  plan_.token.reserve(parts.limits.max_tokens_per_step);
  plan_.seq_begin.reserve(std::size_t{parts.limits.max_seqs_per_step} + 1);
  plan_.cancelled.reserve(parts.limits.max_seqs_per_step);
  std::uint32_t width = 0;
  for (const auto pooling : {engine::Pooling::mean, engine::Pooling::rank})
    width = std::max(width, parts.embedder.embedding_width(pooling));
  vectors_.resize(std::size_t{parts.limits.max_seqs_per_step} * width);
}

void EmbedLoop::run(const std::atomic<bool>& stop) noexcept {
  for (;;) {
    const std::uint32_t epoch = parts_.signal.epoch();  // before looking for work: see EngineSignal
    if (stop.load(std::memory_order_acquire)) break;
    if (!step()) parts_.signal.wait(epoch, std::nullopt);
  }
  shut_down();
}

void EmbedLoop::shut_down() noexcept {
  while (std::shared_ptr<Generation> generation = parts_.queue.pop()) take(std::move(generation));
  for (Job& job : jobs_) finish(job, {.finish = FinishReason::cancelled});
  remove_ended();
  parts_.seat.publish(0, 0, false);
}

bool EmbedLoop::step() noexcept {
  sweep();
  const bool has_work = !jobs_.empty();
  parts_.stats.busy.store(has_work, std::memory_order_relaxed);
  parts_.stats.mark_progress();
  parts_.seat.publish(0, 0, has_work);
  const double rate = cost_.work_per_second();
  parts_.stats.expected_wait_s.store(rate > 0 ? static_cast<double>(n_tokens_left_) / rate : 0,
                                     std::memory_order_relaxed);
  if (!has_work) return false;
  choose(budget());
  forward();
  remove_ended();
  parts_.stats.steps.fetch_add(1, std::memory_order_relaxed);
  parts_.stats.mark_progress();
  return true;
}

void EmbedLoop::sweep() noexcept {
  while (std::shared_ptr<Generation> generation = parts_.queue.pop()) take(std::move(generation));
  remove_ended();
  make_places();
  const TimePoint now = parts_.clock.now();
  for (Job& job : jobs_) {
    const GenerateRequest& request = job.generation->request;
    const Duration age = now - job.generation->submitted;
    const bool late = (request.deadline && age > *request.deadline) ||
                      (request.max_queue && age > *request.max_queue && job.n_chosen == 0);
    if (job.generation->cancelled.load(std::memory_order_acquire)) {
      finish(job, {.finish = FinishReason::cancelled});
    } else if (late) {
      finish(job, {.finish = FinishReason::timed_out});
    }
  }
  remove_ended();
}

void EmbedLoop::take(std::shared_ptr<Generation> generation) noexcept {
  try {
    Tenant& tenant = tenants_.enter(generation->request.tenant, generation->request.tenant_weight);
    const std::uint32_t n_tokens = generation->embed->n_tokens;
    // capacity() at most: see FrontDesk
    jobs_.push_back({.generation = generation, .tenant = &tenant, .n_tokens_left = n_tokens});
    n_tokens_left_ += n_tokens;
    refuse_hopeless(jobs_.back());
  } catch (...) {
    log_current_exception("a request could not be taken");
    settle(*generation, {.finish = FinishReason::failed}, parts_.queue, parts_.stats, parts_.clock.now());
  }
}

// One whose own texts alone take longer than it has. What others have before it is not counted: they share fairly.
void EmbedLoop::refuse_hopeless(Job& job) {
  const std::optional<Duration>& deadline = job.generation->request.deadline;
  if (!deadline || !cost_.known()) return;
  const double needs_s = job.n_tokens_left / cost_.work_per_second(), has_s = to_seconds(*deadline);
  if (needs_s <= has_s * kForecastMargin) return;
  refuse(job, fmt::format("deadline_ms is {:.1f} s, and {} tokens take {:.1f} s", has_s, job.n_tokens_left, needs_s));
}

// More were let in than the queue holds, since their tenants hold less than their share: the newest of whoever holds
// most have to go.
void EmbedLoop::make_places() noexcept {
  while (parts_.queue.size() > capacity_) {
    Job* newest = nullptr;
    const auto held = [](const Job& job) { return job.tenant->n_requests / job.tenant->weight; };
    for (Job& job : jobs_) {
      if (job.n_chosen > 0 || job.generation->finished()) continue;
      if (newest == nullptr || held(job) > held(*newest) ||
          (held(job) == held(*newest) && job.generation->id > newest->generation->id)) {
        newest = &job;
      }
    }
    if (newest == nullptr) return;
    refuse(*newest, share_refusal(newest->tenant->n_requests));
    remove_ended();
  }
}

// Of those with texts left, of the same pooling as `like`: the patient first, then by priority, then the tenant that
// was served least, then whoever was chosen longest ago: a request of thousands of texts holds up no other of its
// tenant.
EmbedLoop::Job* EmbedLoop::most_urgent(const Job* like) noexcept {
  const TimePoint patient_since = parts_.clock.now() - kPatientAge;
  const auto before = [&](const Job& a, const Job& b) {
    const bool a_patient = a.generation->submitted < patient_since, b_patient = b.generation->submitted < patient_since;
    if (a_patient != b_patient) return a_patient;
    if (a_patient) return a.last_turn < b.last_turn;
    if (a.generation->request.priority != b.generation->request.priority)
      return a.generation->request.priority > b.generation->request.priority;
    if (a.tenant != b.tenant && a.tenant->served != b.tenant->served) return a.tenant->served < b.tenant->served;
    return a.last_turn != b.last_turn ? a.last_turn < b.last_turn : a.generation->id < b.generation->id;
  };
  Job* best = nullptr;
  for (Job& job : jobs_) {
    if (job.n_left() == 0 || (like != nullptr && job.work().pooling != like->work().pooling)) continue;
    if (best == nullptr || before(job, *best)) best = &job;
  }
  return best;
}

// Tokens that a step may have, but for its first text.
std::uint32_t EmbedLoop::budget() noexcept {
  const std::uint32_t most = parts_.limits.max_tokens_per_step;
  const policy::Others others = parts_.seat.others();
  double seconds = kLongestStep_s;
  if (others.decodes_s > 0) {
    const Job& oldest = *std::ranges::min_element(jobs_, {}, [](const Job& job) { return job.generation->submitted; });
    const double age = to_seconds(parts_.clock.now() - oldest.generation->submitted);
    const double round = policy::step_target(pace_, others.decodes_s, cost_.spread(), age);
    seconds = std::min(seconds, policy::step_of_round(round, 0, cost_.spread(), others));
  }
  return std::min(most, cost_.tokens_for(cost_.work_within({}, seconds), 0));
}

void EmbedLoop::choose(std::uint32_t n_tokens) noexcept {
  shares_.clear();
  plan_.clear();
  const Job* first = nullptr;
  while (shares_.size() < parts_.limits.max_seqs_per_step) {
    Job* const job = most_urgent(first);
    if (job == nullptr) break;
    const std::vector<engine::TokenId>& text = job->work().texts[job->n_chosen];
    if (first != nullptr && plan_.n_tokens() + length_of(text) > n_tokens) break;
    if (first == nullptr) first = job;
    if (job->n_chosen == 0) {
      const TimePoint now = parts_.clock.now();
      parts_.stats.queue.observe(now - job->generation->submitted);
      job->generation->times.enter(RequestState::queued, now);
      job->generation->state.store(RequestState::prefill, std::memory_order_release);
      job->generation->stream->announce();
    }
    shares_.push_back({.job = static_cast<std::uint32_t>(job - jobs_.data()), .text = job->n_chosen++});
    job->last_turn = ++last_turn_;
    job->tenant->charge(length_of(text));
    job->n_tokens_left -= length_of(text);
    n_tokens_left_ -= length_of(text);
    plan_.token.insert(plan_.token.end(), text.begin(), text.end());
    plan_.seq_begin.push_back(plan_.n_tokens());
    plan_.cancelled.push_back(&job->generation->cancelled);
  }
  std::uint32_t n_running = 0;
  for (const Job& job : jobs_) n_running += job.n_chosen > 0 ? 1 : 0;
  parts_.stats.running.store(n_running, std::memory_order_relaxed);
}

void EmbedLoop::forward() noexcept {
  const engine::Pooling pooling = jobs_[shares_.front().job].work().pooling;
  const std::size_t n_values = shares_.size() * parts_.embedder.embedding_width(pooling);
  std::optional<Conductor::Turn> turn(std::in_place, parts_.seat.conductor());
  const TimePoint begin = parts_.clock.now();
  const std::span<const std::uint32_t> broken =
      parts_.embedder.embed(plan_, pooling, std::span(vectors_).first(n_values));
  turn.reset();
  const TimePoint end = parts_.clock.now();
  policy::StepShape shape;
  for (const Share& share : shares_)
    shape.prefill_work += cost_.prefill_work(length_of(jobs_[share.job].work().texts[share.text]), 0);
  cost_.observe(shape, end - begin, end);
  parts_.stats.step.observe(end - begin);
  deliver(broken);
}

void EmbedLoop::deliver(std::span<const std::uint32_t> broken) noexcept {
  for (std::uint32_t i = 0; i < shares_.size(); ++i) {
    Job& job = jobs_[shares_[i].job];
    if (job.generation->finished()) continue;                                 // a text of the same request was broken
    if (job.generation->cancelled.load(std::memory_order_acquire)) continue;  // its rows may be anything: see sweep()
    EmbedWork& work = job.work();
    if (std::ranges::find(broken, i) != broken.end()) {
      fail(job, shares_[i].text);
      continue;
    }
    std::copy_n(vectors_.begin() + static_cast<std::ptrdiff_t>(std::size_t{i} * work.width), work.width,
                work.values.begin() + static_cast<std::ptrdiff_t>(std::size_t{shares_[i].text} * work.width));
    const std::uint32_t n_tokens = length_of(work.texts[shares_[i].text]);
    job.generation->n_prefilled.fetch_add(n_tokens, std::memory_order_relaxed);
    parts_.stats.prompt_tokens.fetch_add(n_tokens, std::memory_order_relaxed);
    if (++job.n_done == work.texts.size()) finish(job, {.finish = FinishReason::stop});
  }
}

void EmbedLoop::fail(Job& job, std::uint32_t text) noexcept {
  try {
    log::error("request {} ({}): the vector of text {} holds something that is not a finite number", job.generation->id,
               job.generation->request.label, text);
  } catch (...) {
    log_current_exception("a broken vector could not be reported");
  }
  finish(job, {.finish = FinishReason::failed, .fault = engine::sampling::RowFault::not_a_number});
}

void EmbedLoop::refuse(Job& job, std::string why) noexcept {
  job.generation->refusal = std::move(why);
  finish(job, {.finish = FinishReason::refused});
}

void EmbedLoop::finish(Job& job, const TokenEvent& last) noexcept {
  const TimePoint now = parts_.clock.now();
  job.generation->times.enter(job.n_chosen > 0 ? RequestState::prefill : RequestState::queued, now);
  n_tokens_left_ -= std::exchange(job.n_tokens_left, 0);
  settle(*job.generation, last, parts_.queue, parts_.stats, now);
}

void EmbedLoop::remove_ended() noexcept {
  std::uint32_t n_running = 0;
  std::erase_if(jobs_, [&](Job& job) {
    if (!job.generation->finished()) {
      n_running += job.n_chosen > 0 ? 1 : 0;
      return false;
    }
    n_tokens_left_ -= job.n_tokens_left;  // of one that could not be taken: others have none
    tenants_.leave(*job.tenant);
    return true;
  });
  parts_.stats.running.store(n_running, std::memory_order_relaxed);
}

}  // namespace quern::sched

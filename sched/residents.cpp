#include "sched/residents.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <utility>

namespace quern::sched {
namespace {

// Tokens that an admitted sequence can grow by before it has to ask for pages.
constexpr std::uint32_t kHeadroomTokens = 64;
// Recurrent state is kept behind every so many pages of a prompt at most, however long it is: all of them together are
// at most one in so many of the copies that there is room for.
constexpr std::uint32_t kCheckpointPages = 8, kShareOfPrompt = 4;
// And behind its last full page before these tokens: a prompt ends with what opens the answer (the role of who speaks
// next, marks of thoughts), of which the next turn of the conversation may leave out or change a part.
constexpr std::uint32_t kOpeningTokens = 16;
// And while it answers, behind a full page every so many tokens: the next turn begins with prompt and answer. A copy
// moves as many bytes as a step does of the state.
constexpr std::uint32_t kAnswerTokens = 32;

bool ended(const std::unique_ptr<Sequence>& sequence) noexcept {
  return sequence->state() == RequestState::finished || sequence->state() == RequestState::preempted;
}

}  // namespace

Residents::Residents(CacheParts parts, Stats& stats, const SchedulerLimits& limits, std::size_t queue_capacity,
                     std::uint32_t page_tokens)
    : parts_(std::move(parts)),
      stats_(stats),
      limits_(limits),
      page_tokens_(page_tokens),
      tenants_(limits.tenant_weights),
      line_(queue_capacity + limits.max_running),
      admission_(limits.max_running, parts_.pool.n_pages()),
      states_(limits.max_running),
      trust_(parts_.pool.n_pages()) {
  running_.reserve(limits.max_running);
  holders_.reserve(limits.max_running);
  found_.reserve(parts_.pool.n_pages());
  parts_.cache.on_forget = [this](kv::PageId page) { parts_.checkpoints.drop(page); };
}

void Residents::enqueue(std::shared_ptr<Generation> generation) {
  Tenant& tenant = tenants_.enter(generation->request.tenant, generation->request.tenant_weight);
  try {
    line_.enqueue(std::make_unique<Sequence>(std::move(generation), tenant, page_tokens_));
  } catch (...) {
    tenants_.leave(tenant);
    throw;
  }
}

Sequence* Residents::admit_one(TimePoint now) noexcept {
  Sequence* const urgent = line_.most_urgent();
  if (urgent == nullptr) return nullptr;
  Sequence* const oldest = line_.due_by_age(now);
  if (oldest == nullptr || oldest == urgent) return place(*urgent, false, false, now) ? urgent : nullptr;
  if (place(*oldest, true, false, now)) return oldest;
  // It waits for room, and nobody gets that before it; but places are still taken from those that hold too many.
  return place(*urgent, false, true, now) ? urgent : nullptr;
}

// Gives it a place and pages, if AdmissionPolicy does.
bool Residents::place(Sequence& sequence, bool by_age, bool only_by_preemption, TimePoint now) noexcept {
  find_pages(sequence);
  find_memory(sequence);
  const auto victims = plan(sequence);
  if (!victims || (only_by_preemption && victims->empty())) return false;
  if (!victims->empty()) {
    for (const std::uint32_t index : *victims) preempt(*running_[index], now);
    remove_ended();
    find_pages(sequence);  // what victims gave back may be more than the cache keeps
  }
  take_pages(sequence);
  running_.push_back(line_.take(sequence));
  if (!only_by_preemption) line_.count_place();
  set_stuck(sequence, false);
  sequence.placed_at = now;
  sequence.kept = by_age;
  ++sequence.tenant().n_running;
  charge(sequence);
  sequence.set_state(sequence.decodes() ? RequestState::decode : RequestState::prefill, now);
  return true;
}

// For the pages that it will be promised. REQUIRES: find_pages(sequence).
void Residents::find_memory(const Sequence& sequence) noexcept {
  if (parts_.elastic == nullptr || running_.size() >= limits_.max_running) return;
  const auto n_revived = static_cast<std::uint32_t>(
      std::ranges::count_if(found_, [&](kv::PageId page) { return parts_.pool.retained(page); }));
  const std::uint32_t n_new = pages_to_promise(sequence) - static_cast<std::uint32_t>(found_.size());
  parts_.elastic->grow_to_promise(n_new, false);
  parts_.elastic->grow_to_promise(n_new + n_revived, true);
}

// REQUIRES: find_pages(head).
std::optional<std::span<const std::uint32_t>> Residents::plan(const Sequence& head) noexcept {
  holders_.clear();
  for (const auto& sequence : running_) {
    const Sequence& s = *sequence;
    holders_.push_back({.urgency = urgency_of(s),
                        .tenant_running = s.tenant().n_running,
                        .tenant_weight = s.tenant().weight,
                        .parked = s.state() == RequestState::parked,
                        .kept = s.kept,
                        .n_reserved = s.n_reserved,
                        .pages = s.pages.pages()});
  }
  const policy::Demand demand{.urgency = urgency_of(head),
                              .tenant_running = head.tenant().n_running,
                              .tenant_weight = head.tenant().weight,
                              .n_new = pages_to_promise(head) - static_cast<std::uint32_t>(found_.size()),
                              .found = found_};
  return admission_.plan(demand, holders_, parts_.pool, limits_.preempt);
}

// Positions that nobody has paid for yet; what was found in the cache is free.
void Residents::charge(Sequence& sequence) noexcept {
  const auto n_known = static_cast<std::uint32_t>(sequence.tokens().size());
  const std::uint32_t from = std::max(sequence.n_paid, sequence.n_computed());
  if (n_known > from) sequence.tenant().charge(n_known - from);
  sequence.n_paid = n_known;
  sequence.settle();
}

// It will not compute the rest of its prompt, or not soon. A token that was drawn stays paid for.
void Residents::refund(Sequence& sequence) noexcept {
  if (sequence.n_generated() > 0 || sequence.n_paid <= sequence.n_peak()) return;
  sequence.tenant().refund(sequence.n_paid - sequence.n_peak());
  sequence.n_paid = sequence.n_peak();
  sequence.settle();
}

void Residents::charge_token(Sequence& sequence) noexcept {
  sequence.tenant().charge(1);
  sequence.n_paid = static_cast<std::uint32_t>(sequence.tokens().size());
  sequence.settle();
}

void Residents::set_stuck(Sequence& sequence, bool stuck) noexcept {
  if (stuck == sequence.stuck()) return;
  sequence.set_stuck(stuck);
  tenants_.set_stuck(sequence.tenant(), stuck);
}

void Residents::leave(Sequence& sequence) noexcept {
  sequence.settle_all();
  set_stuck(sequence, false);
  tenants_.leave(sequence.tenant());
}

policy::Lineup Residents::lineup(double typical_answer) const {
  policy::Lineup out{.max_running = limits_.max_running,
                     .prefill_tokens_per_step = limits_.prefill_tokens_per_step,
                     .preempt = limits_.preempt};
  out.tenant_weights.assign(tenants_.n_indexes(), 1);
  const auto player = [&](const Sequence& s) {
    out.tenant_weights[s.tenant().index] = s.tenant().weight;
    const std::uint32_t n_most = s.request().max_tokens - s.n_generated();
    const double n_usual = std::max(typical_answer - s.n_generated(), typical_answer / 4);
    return policy::Player{.urgency = urgency_of(s),
                          .n_known = static_cast<std::uint32_t>(s.tokens().size()),
                          .n_computed = s.n_computed(),
                          .n_answer = static_cast<std::uint32_t>(std::clamp<double>(n_usual, 1, std::max(n_most, 1u))),
                          .stuck = s.stuck(),
                          .kept = s.kept};
  };
  for (const auto& sequence : running_) out.running.push_back(player(*sequence));
  for (const auto& sequence : line_.all()) out.waiting.push_back(player(*sequence));
  return out;
}

// Pages that are listed for its beginning, up to the last one that leaves a token to compute: logits come from it.
void Residents::find_pages(const Sequence& sequence) noexcept {
  found_.clear();
  found_state_ = kv::kNoPage;
  found_chain_ = kv::salt_key(sequence.request().cache_salt);
  if (!sequence.request().use_cache || !limits_.prefix_cache) return;
  const std::size_t n_usable = (sequence.tokens().size() - 1) / page_tokens_;
  kv::ChainKey chain = found_chain_;
  std::size_t n_with_state = 0;
  while (found_.size() < n_usable) {
    const auto found = parts_.cache.find(chain, sequence.tokens().subspan(found_.size() * page_tokens_, page_tokens_));
    if (found.page == kv::kNoPage) break;
    found_.push_back(found.page);
    chain = found.key;
    const kv::PageId state = parts_.checkpoints.look(found.page);
    if (parts_.checkpoints.enabled() && state == kv::kNoPage) continue;
    n_with_state = found_.size();
    found_state_ = state;
    found_chain_ = chain;
  }
  found_.resize(n_with_state);
  // Those before it count as not used: what no one starts from makes room first.
  if (found_state_ != kv::kNoPage) found_state_ = parts_.checkpoints.find(found_.back());
}

std::uint32_t Residents::pages_to_promise(const Sequence& sequence) const noexcept {
  const std::uint32_t n_whole = sequence.generation().n_pages_needed;
  if (!limits_.preempt) return n_whole;
  return std::min(n_whole, kv::pages_for(sequence.tokens().size() + kHeadroomTokens, page_tokens_));
}

// REQUIRES: find_pages(sequence), and that what plan() said has been done: it cannot fail then.
void Residents::take_pages(Sequence& sequence) noexcept {
  const auto n_found = static_cast<std::uint32_t>(found_.size());
  const auto n_retained = static_cast<std::uint32_t>(
      std::ranges::count_if(found_, [&](kv::PageId page) { return parts_.pool.retained(page); }));
  const std::uint32_t n_new = pages_to_promise(sequence) - n_found;
  const bool reserved = parts_.pool.reserve(n_new + n_retained);
  QUERN_ASSERT(reserved);
  for (const kv::PageId page : found_) {
    if (parts_.pool.retained(page)) parts_.pool.unreserve(1);
    sequence.pages.adopt(page, parts_.pool);
  }
  sequence.n_reserved = n_new;
  sequence.chain = found_chain_;
  sequence.n_chained = n_found;
  sequence.n_trusted = 0;
  sequence.copied_from = kv::kNoPage;
  sequence.answer_checkpoint = kv::kNoPage;
  sequence.reset_computed(n_found * page_tokens_);
  const bool has_state = states_.reserve(1);
  QUERN_ASSERT(has_state);
  sequence.state_page = states_.allocate();
  if (found_state_ != kv::kNoPage) parts_.copy_state(found_state_, sequence.state_page);
  adopt_part(sequence);
  if (sequence.generation().n_preemptions.load(std::memory_order_relaxed) == 0) {
    sequence.generation().n_cached.store(sequence.n_computed(), std::memory_order_relaxed);
    stats_.cached_tokens.fetch_add(sequence.n_computed(), std::memory_order_relaxed);
    stats_.cache_queries.fetch_add(sequence.n_prompt(), std::memory_order_relaxed);
  }
  sequence.publish_pages();
}

// The beginning of a page that goes on differently is copied, so that only the rest has to be computed.
void Residents::adopt_part(Sequence& sequence) noexcept {
  if (!parts_.copy_page || parts_.checkpoints.enabled() || !sequence.request().use_cache || !limits_.prefix_cache)
    return;
  const std::uint32_t begin = sequence.n_computed(), n = std::min(page_tokens_, sequence.n_left() - 1);
  const kv::PrefixCache::Partial part = parts_.cache.find_partial(sequence.chain, sequence.tokens().subspan(begin, n));
  if (part.page == kv::kNoPage || sequence.n_reserved == 0) return;
  sequence.n_reserved -= sequence.pages.ensure(begin + 1, parts_.pool);
  if (!parts_.cache.contains(part.page)) return;  // the new page took its place
  parts_.copy_page(part.page, sequence.pages.pages().back());
  sequence.copied_from = part.page;
  sequence.reset_computed(begin + part.n_tokens);
}

bool Residents::grow(Sequence& sequence, std::uint32_t n_positions, TimePoint now) noexcept {
  const std::uint32_t n_missing = sequence.pages.pages_missing(n_positions);
  if (parts_.elastic != nullptr && sequence.n_reserved < n_missing)
    parts_.elastic->grow_to_promise(n_missing - sequence.n_reserved, true);
  while (sequence.n_reserved < n_missing) {
    if (parts_.pool.reserve(n_missing - sequence.n_reserved)) {
      sequence.n_reserved = n_missing;
      break;
    }
    Sequence* const least = least_urgent();
    QUERN_ASSERT(least != nullptr);
    preempt(*least, now);
    if (least == &sequence) return false;
  }
  sequence.n_reserved -= sequence.pages.ensure(n_positions, parts_.pool);
  sequence.publish_pages();
  return true;
}

// Of those that run: who gives its pages first.
Sequence* Residents::least_urgent() const noexcept {
  Sequence* least = nullptr;
  const auto rank = [](const Sequence& s) { return s.state() == RequestState::parked ? 0 : s.kept ? 2 : 1; };
  for (const auto& other : running_) {
    if (ended(other)) continue;
    const bool lower = least == nullptr || rank(*other) < rank(*least) ||
                       (rank(*other) == rank(*least) && more_urgent(*least, *other));
    if (lower) least = other.get();
  }
  return least;
}

void Residents::catch_up(Sequence& sequence) noexcept {
  if (!sequence.request().use_cache || !limits_.prefix_cache || parts_.checkpoints.enabled()) return;
  while (sequence.n_left() > page_tokens_ && sequence.n_reserved > 0 &&
         sequence.n_computed() == sequence.n_chained * page_tokens_ &&
         sequence.n_chained == sequence.pages.pages().size()) {
    const auto found =
        parts_.cache.find(sequence.chain, sequence.tokens().subspan(sequence.n_computed(), page_tokens_));
    if (found.page == kv::kNoPage) return;
    parts_.pool.unreserve(1);
    --sequence.n_reserved;
    sequence.pages.adopt(found.page, parts_.pool);
    sequence.chain = found.key;
    ++sequence.n_chained;
    // Somebody else computed, and paid for, what it has paid for too.
    const std::uint32_t end = sequence.n_computed() + page_tokens_;
    if (sequence.n_peak() < end && sequence.n_paid >= end) sequence.tenant().refund(page_tokens_);
    sequence.advance(page_tokens_);
    // What a preempted sequence finds again was counted when it was admitted first.
    const bool was_preempted = sequence.generation().n_preemptions.load(std::memory_order_relaxed) > 0;
    if (was_preempted || sequence.n_computed() > sequence.n_prompt()) continue;
    stats_.cached_tokens.fetch_add(page_tokens_, std::memory_order_relaxed);
    sequence.generation().n_cached.fetch_add(page_tokens_, std::memory_order_relaxed);
  }
}

// Where decode rows get another arithmetic than prompts, what they computed is no one's prompt.
bool Residents::may_list(const Sequence& sequence, std::uint32_t n_tokens) const noexcept {
  return sequence.request().use_cache && limits_.prefix_cache &&
         (limits_.same_arithmetic || n_tokens <= sequence.n_prompt());
}

void Residents::list_pages(Sequence& sequence) noexcept {
  while ((sequence.n_chained + 1) * page_tokens_ <= sequence.n_computed() &&
         may_list(sequence, (sequence.n_chained + 1) * page_tokens_)) {
    const kv::PageId page = sequence.pages.pages()[sequence.n_chained];
    const auto tokens = sequence.tokens().subspan(std::size_t{sequence.n_chained} * page_tokens_, page_tokens_);
    sequence.chain = parts_.cache.insert(page, sequence.chain, tokens);
    trust_.listed(page, sequence.generation().id);
    ++sequence.n_chained;
    if (parts_.cache.contains(page)) keep_state(sequence, page);
  }
}

// Behind the page that was listed last, if the state should be kept there. Of its answer only the last one is.
void Residents::keep_state(Sequence& sequence, kv::PageId page) noexcept {
  const std::uint32_t end = sequence.n_chained * page_tokens_;
  if (!parts_.checkpoints.enabled() || end != sequence.n_computed()) return;
  const bool of_answer = end >= sequence.n_prompt() && end % std::max(kAnswerTokens, page_tokens_) == 0;
  if (!of_answer && checkpoint_behind(sequence, end - 1) != end) return;
  if (of_answer) {
    const kv::PageId before = std::exchange(sequence.answer_checkpoint, page);
    if (before != kv::kNoPage) parts_.checkpoints.drop(before);
  }
  parts_.copy_state(sequence.state_page, parts_.checkpoints.take(page));
}

void Residents::trust(Sequence& sequence) noexcept {
  trust_.read_soundly(sequence.pages.pages().subspan(sequence.n_trusted, sequence.n_chained - sequence.n_trusted));
  sequence.n_trusted = sequence.n_chained;
}

void Residents::forget(const Sequence& sequence) noexcept {
  const auto doubt = [&](kv::PageId page) {
    if (page == kv::kNoPage || !parts_.cache.contains(page)) return;
    if (!trust_.gives_up(page, sequence.generation().id)) return;
    parts_.cache.forget(page);
    if (parts_.pool.retained(page)) parts_.pool.discard(page);
  };
  for (const kv::PageId page : sequence.pages.pages()) doubt(page);
  doubt(sequence.copied_from);
}

// The first position behind which the state should be kept, beyond `position`; UINT32_MAX: none is left in the prompt.
std::uint32_t Residents::checkpoint_behind(const Sequence& sequence, std::uint32_t position) const noexcept {
  const std::uint32_t n_body = sequence.n_prompt() - std::min(sequence.n_prompt(), kOpeningTokens + 1);
  const std::uint32_t last = n_body / page_tokens_ * page_tokens_;
  const std::uint32_t n_most = std::max(parts_.checkpoints.size() / kShareOfPrompt, 1u);
  const std::uint32_t n_pages = std::max(kCheckpointPages, (last / page_tokens_ + n_most - 1) / n_most);
  const std::uint32_t regular = (position / (n_pages * page_tokens_) + 1) * n_pages * page_tokens_;
  if (position >= last) return UINT32_MAX;
  return std::min(regular, last);
}

bool Residents::replays(const Sequence& sequence) const noexcept {
  return !limits_.same_arithmetic && sequence.n_computed() >= sequence.n_prompt();
}

std::uint32_t Residents::max_chunk(const Sequence& sequence) const noexcept {
  const bool role_begins = !limits_.same_arithmetic && sequence.n_computed() < sequence.n_prompt();
  const std::uint32_t same_role = role_begins ? sequence.n_prompt() - sequence.n_computed() : UINT32_MAX;
  return std::min(same_role, checkpoint_chunk(sequence));
}

std::uint32_t Residents::checkpoint_chunk(const Sequence& sequence) const noexcept {
  if (!parts_.checkpoints.enabled() || !may_list(sequence, 0)) return UINT32_MAX;
  const std::uint32_t border = checkpoint_behind(sequence, sequence.n_computed());
  return border == UINT32_MAX ? UINT32_MAX : border - sequence.n_computed();
}

void Residents::preempt(Sequence& sequence, TimePoint now) noexcept {
  give_back(sequence);
  refund(sequence);
  sequence.kept = false;
  sequence.reset_computed(0);
  sequence.generation().n_preemptions.fetch_add(1, std::memory_order_relaxed);
  stats_.preemptions.fetch_add(1, std::memory_order_relaxed);
  sequence.set_state(RequestState::preempted, now);
}

void Residents::end(Sequence& sequence, TimePoint now) noexcept {
  give_back(sequence);
  refund(sequence);
  sequence.settle_all();
  set_stuck(sequence, false);
  sequence.set_state(RequestState::finished, now);
}

void Residents::give_back(Sequence& sequence) noexcept {
  sequence.pages.release_if(parts_.pool, [this](kv::PageId page) { return parts_.cache.contains(page); });
  parts_.pool.unreserve(std::exchange(sequence.n_reserved, 0));
  if (sequence.state_page != kv::kNoPage) states_.release(std::exchange(sequence.state_page, kv::kNoPage));
  sequence.publish_pages();
  --sequence.tenant().n_running;
  parts_.cache.trim(limits_.max_retained_pages);
}

void Residents::remove_ended() noexcept {
  for (auto& sequence : running_) {
    if (sequence->state() == RequestState::preempted) {
      line_.enqueue(std::move(sequence));
    } else if (sequence->state() == RequestState::finished) {
      tenants_.leave(sequence->tenant());
      sequence.reset();
    }
  }
  std::erase(running_, nullptr);
  stats_.running.store(static_cast<std::uint32_t>(running_.size()), std::memory_order_relaxed);
}

}  // namespace quern::sched

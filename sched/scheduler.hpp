// The facade of sched/: submit a request from any thread, receive its tokens on an Asio executor, look at and steer
// what runs. Owns the engine thread, which alone touches sequences, pages and the backend. A request crosses threads
// twice: the bounded lock-free submission queue in, one SPSC token ring out; plus one atomic cancel flag. Threads: all
// public functions from any thread unless said.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "engine/backend.hpp"
#include "engine/sampling/token_score.hpp"
#include "engine/tokenizer/tokenizer.hpp"
#include "kv/page_arena.hpp"
#include "sched/request.hpp"
#include "sched/snapshot.hpp"
#include "sched/tenants.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace quern::sched {

struct SchedulerLimits {
  std::uint32_t queue_capacity = 512;           // submitted and not running, beyond the max_running that run
  std::uint32_t max_running = 64;               // sequences with pages
  std::uint32_t prefill_tokens_per_step = 256;  // at most, in a step in which something decodes
  // What a step with prompt tokens may take: see policy/pace.hpp. itl_target_ms 0: itl_factor times what its decodes
  // take alone, in 99 of 100 cases; up to itl_factor_max times where a prompt has been computed for prompt_patience.
  std::uint32_t itl_target_ms = 0;
  float itl_factor = 2, itl_factor_max = 4;
  std::chrono::milliseconds prompt_patience{120'000};
  std::uint32_t itl_floor_ms = 0;       // no max_itl goes below; 0: below what the decodes take alone
  std::uint32_t stream_capacity = 256;  // tokens a slow reader may be behind before its sequence is parked
  bool prefix_cache = true;
  std::uint32_t max_retained_pages = UINT32_MAX;  // that nobody uses and the prefix cache keeps
  std::uint64_t prefix_cache_bytes = UINT64_MAX;  // the same in bytes; the smaller counts
  // Admit by what is known of a request's length instead of by its longest possible one, and let the more urgent have
  // the pages and places of the less urgent.
  bool preempt = true;
  // Whether a token's keys and values are the same bits as part of a prompt and as the token decoded last. As the
  // backend says (BackendLimits). Where not, generated tokens are no prompt for others, and those that a preempted
  // request computes again get the role that they had.
  bool same_arithmetic = true;
  std::vector<TenantWeight> tenant_weights;
};

class Conductor;
class FrontDesk;

// The owner's end of one request. Destroying it cancels the request; a read of it that still waits returns 0.
// Threads: the executor it was created with, which must run one handler at a time (a strand, or one thread). The ticket
// may outlive the scheduler; the executor's context must outlive the ticket, but nothing beyond it: a ticket inside a
// coroutine that the context's own destructor destroys is too late, unless the scheduler has gone before.
class Ticket {
 public:
  Ticket(Ticket&&) noexcept;
  Ticket& operator=(Ticket&&) noexcept;
  ~Ticket();

  RequestId id() const noexcept;
  // Waits until there is at least one event and returns all that are ready (at most out.size()). After the event with
  // finish != none there are no more: 0. `timeout`: returns 0 when nothing came (so that an SSE ping can be sent);
  // zero: no timeout. Also 0 when the awaiting coroutine was cancelled (asio::cancellation_signal). REQUIRES: one
  // next() at a time, out is not empty.
  boost::asio::awaitable<std::size_t> next(std::span<TokenEvent> out, Duration timeout);
  // Waits until the request has left the line: it was given a place, or has ended (next() has an event). false: not
  // within the timeout (zero: none), or the coroutine was cancelled. REQUIRES: no next() waits.
  boost::asio::awaitable<bool> begun(Duration timeout);
  void cancel() noexcept;
  void stop() noexcept;  // ends it as FinishReason::stop: its owner has seen all it wants (a stop string)
  // Numbers and times up to now.
  RequestStatus status(TimePoint now) const;
  // Why it was refused. REQUIRES: next() has given the event with FinishReason::refused.
  const std::string& refusal() const;
  // Of each token of its prompt; of the first there is none. Takes them: empty where none were wanted. REQUIRES: next()
  // has given an event that is no refusal.
  std::vector<engine::sampling::TokenScore> take_prompt_scores();
  std::span<const engine::TokenId> prompt() const noexcept;  // as long as the ticket lives
  // What an EmbedRequest has become: [n_texts, width]. Takes it. REQUIRES: next() has given FinishReason::stop.
  std::vector<float> take_vectors();

 private:
  friend class FrontDesk;
  struct Impl;
  explicit Ticket(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class Scheduler {
 public:
  // Keeps references to all of them. tokenizer is used for end-of-generation tokens and DRY breakers. conductor: of the
  // engines that share the backend's cores; nullptr: there are no others.
  Scheduler(engine::Backend& backend, kv::PageArena& arena, const engine::Tokenizer& tokenizer, const Clock& clock,
            const SchedulerLimits& limits, Conductor* conductor = nullptr);
  ~Scheduler();  // cancels what is left and joins the engine thread

  // What a scheduler allocates up front (rows of logits, the plan): to be reserved in the byte ledger before creation.
  static std::uint64_t buffer_bytes(const engine::Backend& backend, const kv::KvConfig& kv) noexcept;

  // Where its arena is not wholly backed: how many bytes it would need and could not get, told by the engine thread,
  // which must not wait. Before start().
  void on_short(std::function<void(std::uint64_t bytes)> then);
  // Gives so many bytes of pages back that nobody uses, soon: kept ones go, the least recently used first.
  void ask_back(std::uint64_t bytes) noexcept;
  void look_again() noexcept;  // there may be memory now for who waits

  // Starts the engine thread. Once. on_thread: the first thing that it does.
  void start(std::function<void()> on_thread = {});

  // Errors: bad_input (empty prompt, token out of range, longer than the context or than all pages
  // together; names the field and the numbers; sampling parameters), overloaded (queue full, out of memory), draining.
  // Reads the prompt and prepares the sampler on the calling thread: microseconds, a first use of DRY milliseconds.
  Result<Ticket> submit(GenerateRequest request, boost::asio::any_io_executor executor);

  // Whether the queue would take n more at this moment.
  bool has_room(std::uint32_t n) const noexcept;
  // false: no such request, or it has ended.
  bool cancel(RequestId id) noexcept;
  // Refuses new requests; running ones go on. drained() turns true when none is left.
  void drain() noexcept;
  bool drained() const noexcept;

  Snapshot snapshot() const;
  // For how long the engine has not got on (begun or ended a step, finished a layer of one) while it has work, without
  // time in which this process did not run; zero while it has none. Somebody must ask every StallWatch::kLookEvery.
  Duration stalled() const;
  std::vector<RequestStatus> requests() const;               // that run or wait, ascending ids
  std::vector<RequestStatus> ended_requests() const;         // of the last 256 that have ended, newest first
  std::optional<RequestStatus> request(RequestId id) const;  // of both kinds
  const SchedulerLimits& limits() const noexcept;            // as used: clamped to what the parts can hold
  std::uint32_t max_context() const noexcept;                // prompt + generated tokens of one request

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace quern::sched

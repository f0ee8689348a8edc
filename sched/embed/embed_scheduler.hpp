// The facade of an engine that makes vectors of texts: as Scheduler, for EmbedRequests. A request's ticket has one
// event, its end; then Ticket::take_vectors(). Threads: all public functions from any, unless said.
#pragma once

#include "engine/backend.hpp"
#include "sched/conductor.hpp"
#include "sched/embed/embed_request.hpp"
#include "sched/scheduler.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

namespace quern::sched {

class EmbedScheduler {
 public:
  // Keeps references to all of them; backend and embedder are one executor, which no other engine uses. Of the limits
  // those about queue, tenants and pace count.
  EmbedScheduler(engine::Backend& backend, engine::Embedder& embedder, const Clock& clock,
                 const SchedulerLimits& limits, Conductor& conductor);
  ~EmbedScheduler();  // cancels what is left and joins the engine thread

  // Starts the engine thread. Once. on_thread: the first thing that it does.
  void start(std::function<void()> on_thread = {});

  // Errors: bad_input naming "texts[i]" (no tokens, more than a text may have, a token outside the vocabulary),
  // overloaded (queue full, out of memory), draining. REQUIRES: pooling is not none, and rank only where the model
  // ranks.
  Result<Ticket> submit(EmbedRequest request, boost::asio::any_io_executor executor);

  std::uint32_t max_text_tokens() const noexcept;
  std::uint32_t width(engine::Pooling pooling) const noexcept;  // values of a vector

  // As those of Scheduler.
  bool has_room(std::uint32_t n) const noexcept;
  bool cancel(RequestId id) noexcept;
  void drain() noexcept;
  Snapshot snapshot() const;
  Duration stalled() const;
  std::vector<RequestStatus> requests() const;
  std::vector<RequestStatus> ended_requests() const;
  std::optional<RequestStatus> request(RequestId id) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace quern::sched

// What a ticket holds: its generation, and the two things that its end has to tell. Threads: see Ticket.
#pragma once

#include "sched/engine_signal.hpp"
#include "sched/generation.hpp"
#include "sched/request_table.hpp"
#include "sched/scheduler.hpp"

#include <memory>

namespace quern::sched {

struct Ticket::Impl {
  Impl(std::shared_ptr<Generation> generation, std::shared_ptr<RequestTable> table,
       std::shared_ptr<EngineSignal> signal);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  std::shared_ptr<Generation> generation;
  std::shared_ptr<RequestTable> table;
  std::shared_ptr<EngineSignal> signal;
};

// Sets the flag and wakes the engine. false: it has ended already. Any thread.
bool cancel_generation(Generation& generation, EngineSignal& signal) noexcept;

}  // namespace quern::sched

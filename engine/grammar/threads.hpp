// The state of a text that a grammar reads: all the ways in which it may go on, each a thread. Steps never look back,
// and cost in proportion to the ways. Threads (of the process): one at a time.
#pragma once

#include "engine/grammar/member_sets.hpp"
#include "engine/grammar/program.hpp"
#include "engine/grammar/stack.hpp"

#include <bitset>
#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <vector>

namespace quern::engine::grammar {

struct Thread {
  FramePtr frame;
  std::uint32_t node = 0;  // a terminal, counted or key node
  ByteDfa::State state = ByteDfa::kDead;
  std::uint64_t extra = 0;  // characters counted, members seen
};

// Where a text may go on; may_end: here it may also be over.
struct State {
  std::vector<Thread> threads;
  bool may_end = false;

  bool dead() const noexcept { return threads.empty() && !may_end; }
};

class Machine {
 public:
  // So ambiguous a text is given up: it is dead.
  static constexpr std::size_t kMaxThreads = 4096;

  explicit Machine(const Program& program) : program_(program) {}

  State start();
  // Appends what `threads` become by one byte to out, which is cleared first.
  void step(const std::vector<Thread>& threads, std::uint8_t byte, State& out);
  // Where a thread that has completed its automaton goes on: behind it.
  void behind(const Thread& thread, State& out);

  bool completes(const Thread& thread) const;
  // The bytes that some thread can take.
  std::bitset<256> next_bytes(const std::vector<Thread>& threads) const;
  Hash128 hash(const State& state) const;
  const Program& program() const noexcept { return program_; }
  const MemberSets& sets() const noexcept { return sets_; }

 private:
  struct Open {
    FramePtr frame;
    std::uint32_t node;
    std::uint64_t extra;
  };
  struct Called {
    std::uint32_t rule;
    FramePtr frame;
  };

  // thread.state is the one that `byte` led to: whether it lives there.
  bool survives(Thread& thread, ByteDfa::State next) const;
  void complete_thread(const Thread& thread);
  void call(std::uint32_t rule, const FramePtr& caller, std::uint32_t node, std::uint64_t extra);
  void open(FramePtr frame, std::uint32_t node, std::uint64_t extra);
  void close(State& out);  // all that is open, to threads
  bool is_first(const Open& at);
  void visit(Open at, State& out);
  Hash128 extra_hash(std::uint32_t node, std::uint64_t extra) const;
  static void drop_doubles(State& state);

  const Program& program_;
  MemberSets sets_;
  std::vector<Open> open_, seen_;
  std::set<std::tuple<const Frame*, std::uint32_t, std::uint64_t>> seen_keys_;
  std::vector<Called> called_;
  std::map<std::uint32_t, std::size_t> called_at_;
};

}  // namespace quern::engine::grammar

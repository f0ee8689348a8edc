// How large a grammar may become while it is compiled. What goes over is an error; nothing is cut. Threads: plain data.
#pragma once

#include "base/clock.hpp"

#include <cstddef>
#include <cstdint>

namespace quern::engine::grammar {

struct GrammarLimits {
  std::size_t max_nfa_states = 60'000;    // of one regular part
  std::size_t max_dfa_states = 12'000;    // of one regular part; below 2^16
  std::size_t max_dfa_bytes = 32u << 20;  // of all automata
  std::size_t max_nodes = 400'000;        // of the program
  std::size_t max_work = 60'000'000;      // steps of all constructions: some hundred milliseconds
};

}  // namespace quern::engine::grammar

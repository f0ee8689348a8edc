// How long a request may be, how many KV pages there are, and how many sequences may run, from what the user asked for
// and what the budget allows. What was asked for by name is given or refused; only what was left open adapts, and the
// number of sequences of a model with recurrent layers, each of which needs memory for its state whatever its length.
// Threads: pure function.
#pragma once

#include "base/result.hpp"

#include <cstdint>

namespace quern::app {

inline constexpr std::uint32_t kDefaultContext = 8192;  // a model trained for 128K must not reserve that by default
inline constexpr std::uint32_t kSmallestContext = 256;  // below this a chat is no use: better an error than that

struct KvRequest {
  std::uint32_t ctx = 0;              // 0: left open
  std::uint32_t kv_pages = 0;         // 0: left open
  std::uint32_t parallel = 1;         // sequences at once, at most
  std::uint32_t n_context_train = 0;  // 0: the model does not say
  std::uint32_t page_tokens = 32;
  std::uint64_t page_bytes = 0;
  std::uint64_t state_bytes = 0;  // recurrent state of one sequence; 0: the model has no recurrent layers
  std::uint32_t states_kept = 0;  // copies of it that are of use for each sequence (kv/state_checkpoints.hpp)
  std::uint64_t bytes_left = 0;   // of the budget, once the weights are loaded
};

struct KvPlan {
  std::uint32_t ctx = 0;
  std::uint32_t n_pages = 0;   // at least one sequence of ctx
  std::uint32_t parallel = 0;  // sequences at once: as asked for, or as many as there is state for
  std::uint32_t n_states = 0;  // state pages: one for each of them, the rest for copies; 0 without recurrent layers
};

// Pages and states take at most three quarters of bytes_left: activation buffers and connections come out of the rest.
// Of these, states take at most half where not everything fits: first one for a sequence, then in turn one for a copy
// and one for a further sequence. Pages get what is left.
// Errors: bad_input (--ctx beyond the trained context, --kv-pages too few for --ctx), overloaded (the budget does not
// hold one sequence); each names the numbers and the option that would help.
Result<KvPlan> plan_kv(const KvRequest& request);

}  // namespace quern::app

// From a prepared request to its tickets: its memory, the older request that it replaces, and one ticket per choice.
// Threads: the connection's strand; the data any.
#pragma once

#include "base/result.hpp"
#include "sched/scheduler.hpp"
#include "server/api/generation_json.hpp"
#include "server/exchange.hpp"
#include "server/server_state.hpp"
#include "server/supersede.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quern::server {

// A request that can be submitted.
struct Prepared {
  std::vector<std::vector<engine::TokenId>> prompts;
  GenerationFields fields;
  std::string_view prompt_field;                  // how the endpoint calls its prompt: "prompt", "messages"
  std::string_view endpoint;                      // for /control/requests
  std::vector<engine::TokenId> stop_tokens = {};  // ends besides those of the vocabulary
  std::optional<Error> too_long = {};             // a prompt that cannot fit: no tokens were counted
};

// A request of several tickets, with all that submitting them needs.
struct Submission {
  Prepared prepared;
  std::vector<std::uint32_t> max_tokens;  // of each prompt's choices
  std::string tenant, label;
  bool private_cache = false;

  std::uint32_t n_choices() const noexcept;
  std::uint64_t n_prompt_tokens() const noexcept;  // each prompt once
  std::uint64_t bytes() const noexcept;            // that it holds while it waits and runs
};

// The prompts go into the tickets. Errors: those of Scheduler::submit; overloaded, where the memory budget has no room;
// cancelled, where a newer request has replaced this one or the client has left.
net::awaitable<Result<std::vector<sched::Ticket>>> admit(Exchange& exchange, ServerState& state,
                                                         std::shared_ptr<Submission> what,
                                                         SupersedeTable::Entry& standing);

}  // namespace quern::server

// The bytes that one request holds, in the memory budget and against the limit of all bodies together: its body until
// that is parsed, what its job works with while it runs, and what stays until its end (prompts, an answer that grows).
// Threads: one at a time, whoever works on the request: the connection's strand, or the helper thread while it waits
// for that. Ownership: shared by the exchange and its job; gives everything back when it is destroyed; must not outlive
// the state.
#pragma once

#include "server/server_state.hpp"

#include <cstdint>

namespace quern::server {

class RequestMemory {
 public:
  explicit RequestMemory(ServerState& state);
  RequestMemory(const RequestMemory&) = delete;
  RequestMemory& operator=(const RequestMemory&) = delete;
  ~RequestMemory() { drop_body(); }

  // A body that has grown to so many bytes. Errors: overloaded.
  Status hold_body(std::uint64_t n_bytes);
  void drop_body() noexcept;

  // What the job may take from now on, instead of what it said before. Errors: overloaded; a smaller number never.
  Status hold_work(std::uint64_t n_bytes);

  // What waits and runs. Errors: overloaded.
  Status keep(std::uint64_t n_bytes);
  // The answer so far: a request that runs is not refused any more, it counts against those to come.
  void keep_answer(std::uint64_t n_bytes) noexcept { answer_.force(n_bytes); }

 private:
  ServerState& state_;
  ByteLedger::Reservation body_, work_, kept_, answer_;
};

}  // namespace quern::server

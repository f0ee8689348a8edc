// Counts the bytes of one request body against the limit of all bodies together. Threads: any.
// Ownership: gives them back when destroyed; must not outlive the state.
#pragma once

#include "server/server_state.hpp"

namespace quern::server {

class BodyLease {
 public:
  explicit BodyLease(ServerState& state) : state_(state) {}
  BodyLease(const BodyLease&) = delete;
  BodyLease& operator=(const BodyLease&) = delete;
  ~BodyLease() { state_.return_body_bytes(held_); }

  // false: over the limit.
  bool grow_to(std::uint64_t n_bytes) noexcept {
    if (n_bytes <= held_) return true;
    if (!state_.take_body_bytes(n_bytes - held_)) return false;
    held_ = n_bytes;
    return true;
  }

 private:
  ServerState& state_;
  std::uint64_t held_ = 0;
};

}  // namespace quern::server

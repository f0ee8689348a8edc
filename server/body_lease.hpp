// Counts the bytes of one request body against the limit of all bodies together and the memory budget. Threads: any.
// Ownership: gives them back when destroyed; must not outlive the state.
#pragma once

#include "server/server_state.hpp"

#include <optional>
#include <utility>

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
    return reserve(n_bytes);
  }

 private:
  bool reserve(std::uint64_t n_bytes) noexcept {
    if (memory_) return memory_->grow_to(n_bytes).has_value();
    Result<ByteLedger::Reservation> memory = state_.services.ledger.reserve(MemoryUse::connections, n_bytes);
    if (memory) memory_.emplace(std::move(*memory));
    return memory.has_value();
  }

  ServerState& state_;
  std::optional<ByteLedger::Reservation> memory_;
  std::uint64_t held_ = 0;
};

}  // namespace quern::server

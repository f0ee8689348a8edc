// One byte budget for everything large: weights, KV pages, buffers, connections, requests. Memory is reserved here
// before it is allocated, so that work is refused instead of the process being killed. Threads: any (atomics).
// Ownership: a Reservation gives its bytes back when it is destroyed; it must not outlive the ledger.
#pragma once

#include "base/result.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace quern {

enum class MemoryUse : std::uint8_t { weights, kv_pages, buffers, connections, requests };
inline constexpr std::size_t kMemoryUses = 5;
const char* memory_use_name(MemoryUse use) noexcept;

class ByteLedger {
 public:
  class Reservation {
   public:
    Reservation() = default;
    Reservation(Reservation&& other) noexcept;
    Reservation& operator=(Reservation&& other) noexcept;
    ~Reservation() { release(); }
    std::uint64_t bytes() const noexcept { return bytes_; }
    // Up to so many bytes; fewer than it has change nothing. REQUIRES: it is of a ledger. Errors: as reserve().
    Status grow_to(std::uint64_t bytes);
    // Exactly so many bytes. REQUIRES: it is of a ledger. Errors: as reserve(), then nothing has changed; giving back
    // never fails.
    Status resize(std::uint64_t bytes);
    // Exactly so many bytes, over the budget if need be: what is there already and cannot be refused any more counts
    // against what comes. REQUIRES: it is of a ledger.
    void force(std::uint64_t bytes) noexcept;
    void release() noexcept;

   private:
    friend class ByteLedger;
    void give_back(std::uint64_t bytes) noexcept;
    ByteLedger* ledger_ = nullptr;
    MemoryUse use_ = MemoryUse::buffers;
    std::uint64_t bytes_ = 0;
  };

  explicit ByteLedger(std::uint64_t budget_bytes) : budget_(budget_bytes) {}
  ByteLedger(const ByteLedger&) = delete;

  // Errors: overloaded, naming the use, the bytes asked for and the bytes left.
  Result<Reservation> reserve(MemoryUse use, std::uint64_t bytes);

  std::uint64_t budget() const noexcept { return budget_; }
  std::uint64_t used() const noexcept { return total_.load(std::memory_order_relaxed); }
  std::uint64_t used(MemoryUse use) const noexcept;

 private:
  std::uint64_t budget_;
  std::atomic<std::uint64_t> total_{0};
  std::array<std::atomic<std::uint64_t>, kMemoryUses> by_use_{};
};

}  // namespace quern

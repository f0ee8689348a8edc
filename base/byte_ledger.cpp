#include "base/byte_ledger.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <utility>

namespace quern {

const char* memory_use_name(MemoryUse use) noexcept {
  switch (use) {
    case MemoryUse::weights:
      return "weights";
    case MemoryUse::kv_pages:
      return "kv_pages";
    case MemoryUse::buffers:
      return "buffers";
    case MemoryUse::connections:
      return "connections";
    case MemoryUse::requests:
      return "requests";
  }
  return "unknown";
}

ByteLedger::Reservation::Reservation(Reservation&& other) noexcept {
  *this = std::move(other);
}

ByteLedger::Reservation& ByteLedger::Reservation::operator=(Reservation&& other) noexcept {
  if (this == &other) return *this;
  release();
  ledger_ = std::exchange(other.ledger_, nullptr);
  use_ = other.use_;
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

void ByteLedger::Reservation::release() noexcept {
  if (ledger_ == nullptr) return;
  give_back(bytes_);
  ledger_ = nullptr;
}

void ByteLedger::Reservation::give_back(std::uint64_t bytes) noexcept {
  ledger_->by_use_[static_cast<std::size_t>(use_)].fetch_sub(bytes, std::memory_order_relaxed);
  ledger_->total_.fetch_sub(bytes, std::memory_order_relaxed);
  bytes_ -= bytes;
}

Status ByteLedger::Reservation::grow_to(std::uint64_t bytes) {
  QUERN_ASSERT(ledger_ != nullptr);
  if (bytes <= bytes_) return {};
  QUERN_TRY(Reservation more, ledger_->reserve(use_, bytes - bytes_));
  bytes_ += std::exchange(more.bytes_, 0);
  return {};
}

Status ByteLedger::Reservation::resize(std::uint64_t bytes) {
  QUERN_ASSERT(ledger_ != nullptr);
  if (bytes >= bytes_) return grow_to(bytes);
  give_back(bytes_ - bytes);
  return {};
}

void ByteLedger::Reservation::force(std::uint64_t bytes) noexcept {
  QUERN_ASSERT(ledger_ != nullptr);
  if (bytes <= bytes_) return give_back(bytes_ - bytes);
  ledger_->total_.fetch_add(bytes - bytes_, std::memory_order_relaxed);
  ledger_->by_use_[static_cast<std::size_t>(use_)].fetch_add(bytes - bytes_, std::memory_order_relaxed);
  bytes_ = bytes;
}

Result<ByteLedger::Reservation> ByteLedger::reserve(MemoryUse use, std::uint64_t bytes) {
  std::uint64_t current = total_.load(std::memory_order_relaxed);
  do {
    if (bytes > budget_ - std::min(current, budget_)) {
      return fail(Errc::overloaded, "memory budget: {} wants {} bytes, {} of {} are left", memory_use_name(use), bytes,
                  budget_ - std::min(current, budget_), budget_);
    }
  } while (!total_.compare_exchange_weak(current, current + bytes, std::memory_order_relaxed));
  by_use_[static_cast<std::size_t>(use)].fetch_add(bytes, std::memory_order_relaxed);
  Reservation out;
  out.ledger_ = this;
  out.use_ = use;
  out.bytes_ = bytes;
  return out;
}

std::uint64_t ByteLedger::used(MemoryUse use) const noexcept {
  return by_use_[static_cast<std::size_t>(use)].load(std::memory_order_relaxed);
}

}  // namespace quern

#include "engine/sampling/breaker_table.hpp"

#include <algorithm>
#include <utility>

namespace quern::engine::sampling {

BreakerTable::BreakerTable(std::vector<Breaker> breakers, std::uint32_t n_vocab)
    : breakers_(std::move(breakers)), heads_((n_vocab + 63) / 64), alone_(heads_.size()) {
  std::erase_if(breakers_,
                [n_vocab](const Breaker& b) { return b.head < 0 || static_cast<std::uint32_t>(b.head) >= n_vocab; });
  for (Breaker& b : breakers_) {
    if (b.tail.size() > kBreakerTailMax) b.tail.resize(kBreakerTailMax);
    set(heads_, b.head);
    if (b.tail.empty()) set(alone_, b.head);
  }
  std::sort(breakers_.begin(), breakers_.end(), [](const Breaker& a, const Breaker& b) {
    if (a.head != b.head) return a.head < b.head;
    if (a.tail.size() != b.tail.size()) return a.tail.size() > b.tail.size();
    return a.tail < b.tail;
  });
  const auto same = [](const Breaker& a, const Breaker& b) { return a.head == b.head && a.tail == b.tail; };
  breakers_.erase(std::unique(breakers_.begin(), breakers_.end(), same), breakers_.end());
}

bool BreakerTable::test(const Bits& bits, TokenId token) noexcept {
  const auto t = static_cast<std::uint32_t>(token);  // a negative id becomes too large
  return t / 64 < bits.size() && (bits[t / 64] >> (t % 64) & 1) != 0;
}

void BreakerTable::set(Bits& bits, TokenId token) noexcept {
  const auto t = static_cast<std::uint32_t>(token);
  bits[t / 64] |= std::uint64_t{1} << (t % 64);
}

std::optional<std::size_t> BreakerTable::match(std::span<const TokenId> tokens) const noexcept {
  if (tokens.empty() || !test(heads_, tokens[0])) return std::nullopt;
  const std::span<const TokenId> after = tokens.subspan(1);
  auto b = std::lower_bound(breakers_.begin(), breakers_.end(), tokens[0],
                            [](const Breaker& breaker, TokenId head) { return breaker.head < head; });
  for (; b != breakers_.end() && b->head == tokens[0]; ++b)
    if (b->tail.size() <= after.size() && std::equal(b->tail.begin(), b->tail.end(), after.begin()))
      return b->tail.size();
  return std::nullopt;
}

}  // namespace quern::engine::sampling

#include "engine/sampling/breaker_finder.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

namespace quern::engine::sampling {
namespace {

constexpr std::size_t kRecentMax = 8;

}  // namespace

void BreakerFinder::lay_out() const {
  const std::uint32_t n_vocab = tokenizer_->n_vocab();
  begin_.reserve(n_vocab + 1);
  for (std::uint32_t i = 0; i < n_vocab; ++i) {
    begin_.push_back(static_cast<std::uint32_t>(text_.size()));
    const auto id = static_cast<TokenId>(i);
    text_ += tokenizer_->decode({&id, 1}, /*show_special=*/true);
  }
  begin_.push_back(static_cast<std::uint32_t>(text_.size()));
}

// Looks at every place where the breaker's first byte occurs: the token contains the breaker, or ends inside it, or
// neither. What is left of the breaker after a token's end is tokenized to become its tail.
void BreakerFinder::find_one(const std::string& text, std::vector<BreakerTable::Breaker>& found) const {
  std::vector<std::optional<std::vector<TokenId>>> tails(text.size());  // by the number of bytes already matched
  std::uint32_t token = 0;
  bool warned = false;
  for (std::size_t at = 0; at < text_.size(); ++at) {
    const void* hit = std::memchr(text_.data() + at, text[0], text_.size() - at);
    if (hit == nullptr) break;
    at = static_cast<std::size_t>(static_cast<const char*>(hit) - text_.data());
    while (begin_[token + 1] <= at) ++token;
    const std::size_t n = std::min<std::size_t>(text.size(), begin_[token + 1] - at);
    if (std::memcmp(text_.data() + at, text.data(), n) != 0) continue;
    if (n == text.size()) {
      found.push_back({static_cast<TokenId>(token), {}});
      at = begin_[token + 1] - 1;  // on to the next token: with all of it inside, an overlap adds nothing
      continue;
    }
    std::optional<std::vector<TokenId>>& tail = tails[n];
    if (!tail) {
      auto encoded =
          tokenizer_->encode(std::string_view(text).substr(n), {.add_special = false, .parse_special = false});
      if (!encoded) {
        if (!std::exchange(warned, true))
          log::warn("DRY: the sequence breaker '{}' counts only inside one token: {}", text, encoded.error().detail);
        continue;
      }
      tail = std::move(*encoded);
    }
    found.push_back({static_cast<TokenId>(token), *tail});
  }
}

std::shared_ptr<const BreakerTable> BreakerFinder::find(std::span<const std::string> texts) const {
  const std::vector<std::string> key(texts.begin(), texts.end());
  const std::lock_guard lock(mutex_);
  const auto known =
      std::find_if(recent_.begin(), recent_.end(), [&](const auto& entry) { return entry.first == key; });
  if (known != recent_.end()) {
    recent_.splice(recent_.begin(), recent_, known);
    return known->second;
  }
  if (begin_.empty()) lay_out();
  std::vector<BreakerTable::Breaker> found;
  for (const std::string& text : texts)
    if (!text.empty()) find_one(text, found);
  recent_.emplace_front(key, std::make_shared<const BreakerTable>(std::move(found), tokenizer_->n_vocab()));
  if (recent_.size() > kRecentMax) recent_.pop_back();
  return recent_.front().second;
}

}  // namespace quern::engine::sampling

#include "engine/sampling/history.hpp"

#include <algorithm>

namespace quern::engine::sampling {

void History::accept_prompt(std::span<const TokenId> tokens) {
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
  const std::size_t n_recent =
      window_ < 0 ? tokens_.size() : std::min(tokens_.size(), static_cast<std::size_t>(window_));
  recent_.clear();
  for (const TokenId token : std::span<const TokenId>(tokens_).last(n_recent)) ++recent_[token];
}

void History::accept(TokenId token) {
  tokens_.push_back(token);
  ++drawn_[token];
  if (window_ == 0) return;
  ++recent_[token];
  if (window_ < 0) return;
  const auto window = static_cast<std::size_t>(window_);
  if (tokens_.size() > window) --recent_[tokens_[tokens_.size() - 1 - window]];
}

}  // namespace quern::engine::sampling

#include "engine/sampling/history.hpp"

namespace quern::engine::sampling {

void History::accept(TokenId token) {
  tokens_.push_back(token);
  if (window_ == 0) return;
  ++counts_[token];
  if (window_ < 0) return;
  const auto window = static_cast<std::size_t>(window_);
  if (tokens_.size() > window) --counts_[tokens_[tokens_.size() - 1 - window]];
}

}  // namespace quern::engine::sampling

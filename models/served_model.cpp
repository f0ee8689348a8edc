#include "models/served_model.hpp"

#include <algorithm>

namespace quern::models {

std::size_t longest_token(const engine::Tokenizer& tokenizer) {
  std::size_t longest = 1;
  for (std::uint32_t id = 0; id < tokenizer.n_vocab(); ++id) {
    longest = std::max(longest, tokenizer.token_text(static_cast<engine::TokenId>(id)).size());
  }
  return longest;
}

}  // namespace quern::models

#include "engine/tokenizer/word_borders.hpp"

namespace quern::engine {

void WordBorders::add(std::string_view token) {
  next_border(token, [this](unsigned before, unsigned after) {
    // A token that ends with the blank crosses whatever follows.
    for (unsigned next = after == kNothing ? 0 : after; next <= after; ++next) crossed_[before * kAfter + next] = true;
    return true;
  });
}

}  // namespace quern::engine

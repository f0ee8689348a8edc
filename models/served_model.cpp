#include "models/served_model.hpp"

#include <algorithm>

namespace quern::models {

bool ServedModel::can(Work work) const noexcept {
  switch (work) {
    case Work::any:
      return true;
    case Work::generate:
      return generator != nullptr;
    case Work::embed:
      return embedder != nullptr && !embedder->ranks();
    case Work::rank:
      return embedder != nullptr && embedder->ranks();
  }
  return false;
}

std::uint32_t ServedModel::max_context() const noexcept {
  return generator != nullptr ? generator->max_context() : embedder->max_text_tokens();
}

std::vector<TaskQueue*> ServedModel::queues() const {
  std::vector<TaskQueue*> out;
  if (generator != nullptr) out.push_back(generator.get());
  if (embedder != nullptr) out.push_back(embedder.get());
  return out;
}

std::size_t longest_token(const engine::Tokenizer& tokenizer) {
  std::size_t longest = 1;
  for (std::uint32_t id = 0; id < tokenizer.n_vocab(); ++id) {
    longest = std::max(longest, tokenizer.token_text(static_cast<engine::TokenId>(id)).size());
  }
  return longest;
}

}  // namespace quern::models

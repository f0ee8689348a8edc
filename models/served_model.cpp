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
  if (generator != nullptr) return generator->max_context();
  return embedder != nullptr ? embedder->max_text_tokens() : 0;
}

void ServedModel::complete() {
  if (!is_local()) return;
  for (const bool tools : {false, true}) {
    const Result<const engine::chat::Template*> chosen = chat->pick(tools);
    if (!chosen) continue;  // said when it is used
    AnswerFormats& formats = tools ? with_tools : plain;
    if (auto reasoning = engine::tools::find_reasoning_format(**chosen)) {
      formats.reasoning = std::make_shared<const engine::tools::ReasoningFormat>(*std::move(reasoning));
    }
    if (auto calls = engine::tools::find_tool_format(**chosen)) {
      formats.calls = std::make_shared<const engine::tools::ToolFormat>(*std::move(calls));
    }
  }
  // A mark that ends an answer and begins a call as well (GigaChat) ends none where calls are looked for.
  std::vector<engine::TokenId> ends = chat->ends().tokens;
  std::erase_if(ends, [this](engine::TokenId token) {
    const auto& calls = with_tools.calls;
    return calls != nullptr && std::ranges::find(calls->marks, tokenizer->token_text(token)) != calls->marks.end();
  });
  grammars = std::make_shared<Grammars>(*tokenizer, std::move(ends));
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

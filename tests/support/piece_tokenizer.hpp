// A tokenizer whose vocabulary is a plain list of texts, for tests that need some tokenizer but no model file.
// encode() takes the longest piece that fits and skips bytes that no piece begins with. Threads: const, any.
#pragma once

#include "engine/tokenizer/tokenizer.hpp"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quern::test {

class PieceTokenizer final : public engine::Tokenizer {
 public:
  explicit PieceTokenizer(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}

  // Called first thing by encode() and piece(), if set: to wait, to throw, to look at the thread.
  std::function<void()> on_encode, on_piece;
  engine::SpecialTokens special_tokens;  // what special() says; encode() adds none

  Result<std::vector<engine::TokenId>> encode(std::string_view text, engine::EncodeOptions) const override {
    if (on_encode) on_encode();
    std::vector<engine::TokenId> ids;
    while (!text.empty()) {
      std::size_t best = 0, length = 0;
      for (std::size_t i = 0; i < pieces_.size(); ++i)
        if (pieces_[i].size() > length && text.starts_with(pieces_[i])) best = i, length = pieces_[i].size();
      if (length > 0) ids.push_back(static_cast<engine::TokenId>(best));
      text.remove_prefix(length > 0 ? length : 1);
    }
    return ids;
  }
  std::string piece(engine::TokenId id, bool) const override {
    if (on_piece) on_piece();
    const auto i = static_cast<std::size_t>(id);
    return id >= 0 && i < pieces_.size() ? pieces_[i] : std::string();
  }
  std::string decode(std::span<const engine::TokenId> ids, bool show_special) const override {
    std::string text;
    for (const engine::TokenId id : ids) text += piece(id, show_special);
    return text;
  }
  std::uint32_t n_vocab() const noexcept override { return static_cast<std::uint32_t>(pieces_.size()); }
  engine::TokenKind kind(engine::TokenId) const noexcept override { return engine::TokenKind::normal; }
  std::string_view token_text(engine::TokenId id) const noexcept override {
    return pieces_[static_cast<std::size_t>(id)];
  }
  const engine::SpecialTokens& special() const noexcept override { return special_tokens; }
  bool is_end_of_generation(engine::TokenId) const noexcept override { return false; }
  bool adds_space_prefix() const noexcept override { return false; }

 private:
  std::vector<std::string> pieces_;
};

}  // namespace quern::test

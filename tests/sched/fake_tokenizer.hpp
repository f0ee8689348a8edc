// A vocabulary without text: all that sched/ asks of a tokenizer is which token ends a generation.
#pragma once

#include "engine/tokenizer/tokenizer.hpp"

namespace quern::test {

class FakeTokenizer final : public engine::Tokenizer {
 public:
  explicit FakeTokenizer(std::uint32_t n_vocab, engine::TokenId eos) : n_vocab_(n_vocab) { special_.eos = eos; }

  Result<std::vector<engine::TokenId>> encode(std::string_view, engine::EncodeOptions) const override {
    return std::vector<engine::TokenId>();
  }
  std::string piece(engine::TokenId id, bool) const override {
    return std::string(1, static_cast<char>('a' + id % 26));
  }
  std::string decode(std::span<const engine::TokenId>, bool) const override { return {}; }
  std::uint32_t n_vocab() const noexcept override { return n_vocab_; }
  engine::TokenKind kind(engine::TokenId) const noexcept override { return engine::TokenKind::normal; }
  std::string_view token_text(engine::TokenId) const noexcept override { return "t"; }
  const engine::SpecialTokens& special() const noexcept override { return special_; }
  bool is_end_of_generation(engine::TokenId id) const noexcept override { return id == special_.eos; }

 private:
  std::uint32_t n_vocab_;
  engine::SpecialTokens special_;
};

}  // namespace quern::test

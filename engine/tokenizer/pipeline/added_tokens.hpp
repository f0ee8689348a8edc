// The added tokens of a tokenizer.json inside a text: leftmost first, of several at one place the longest. Those that
// are "normalized" are looked for in normalized text, by their own text normalized; the others in raw text, before
// that. Threads: const after construction. Limits: kMaxTextBytes of token text. Source: huggingface/tokenizers
// documentation, AddedToken.
#pragma once

#include "base/result.hpp"
#include "engine/tokenizer/token_trie.hpp"
#include "engine/tokenizer/tokenizer.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace quern::engine {

struct AddedToken {
  TokenId id = kNoToken;
  std::string text;  // as it is looked for
  bool special = false;
  bool single_word = false;                        // counts only with no letter, digit or underscore right beside it
  bool strips_left = false, strips_right = false;  // swallows the white space beside it
};

class AddedTokens {
 public:
  static constexpr std::size_t kMaxTextBytes = 16u << 20;
  // Errors: unsupported, with the bytes found and kMaxTextBytes. Tokens without text are never found.
  static Status check(const std::vector<AddedToken>& tokens);
  explicit AddedTokens(std::vector<AddedToken> tokens);  // that passed check()

  // Calls on_text(std::string_view) -> Status for each stretch of text that is none, never empty, and on_token(TokenId)
  // for each token found, in order. The text of a special token stays text where parse_special is false.
  template <class OnText, class OnToken>
  Status split(std::string_view text, bool parse_special, const OnText& on_text, const OnToken& on_token) const {
    std::size_t done = 0;
    for (Found found = next(text, 0); found.token != nullptr; found = next(text, found.end)) {
      if (!counts(found, text, parse_special)) continue;
      const std::size_t begin = begin_of(found, text, done), end = end_of(found, text);
      if (done < begin) QUERN_CHECK(on_text(text.substr(done, begin - done)));
      if (begin < end) on_token(found.token->id);  // else the token before has swallowed it
      done = end;
    }
    return done < text.size() ? on_text(text.substr(done)) : Status();
  }

 private:
  struct Found {
    const AddedToken* token = nullptr;
    std::size_t begin = 0, end = 0;
  };
  Found next(std::string_view text, std::size_t from) const noexcept;
  static bool counts(const Found& found, std::string_view text, bool parse_special) noexcept;
  // With what it strips, but for what the token before has taken, up to `done`.
  static std::size_t begin_of(const Found& found, std::string_view text, std::size_t done) noexcept;
  static std::size_t end_of(const Found& found, std::string_view text) noexcept;

  std::vector<AddedToken> tokens_;
  TokenTrie trie_;                  // to indexes of tokens_
  std::array<bool, 256> starts_{};  // bytes that begin a token
};

}  // namespace quern::engine

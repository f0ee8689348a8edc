// The decoder of a tokenizer.json: token texts back to text. Nearly all of it concerns one token at a time, which is
// what streaming needs. Threads: const after the last add. Source: huggingface/tokenizers documentation, "Decoders".
#pragma once

#include "base/result.hpp"
#include "engine/tokenizer/text_pattern.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quern::engine {

class TokenDecoder {
 public:
  struct Token {
    std::string_view text;
    bool added = false;  // beside the model's
  };
  struct Place {  // of a token among those of a text
    bool first = false, last = false;
    bool added = false;
  };
  // Changes the text of one token. Errors: bad_input, where an expression gives up.
  using Step = std::function<Status(std::string& token, Place place)>;
  void add(Step step) { steps_.push_back(std::move(step)); }

  bool joins_bytes = false;     // "<0x0A>" stands for a byte; bytes that are no text become U+FFFD, each of a run
  bool strips_blank = false;    // one blank at the front of the whole text is none of it
  bool first_is_apart = false;  // a blank that a token begins with is none of it at the front of a text
  bool repairs_utf8 = false;    // the tokens are bytes, and may be no text even together

  // The bytes of a token in the middle of a text. Errors: see Step.
  Result<std::string> piece(Token token) const { return changed(token.text, {.added = token.added}); }
  std::string decode(std::span<const Token> tokens) const;

 private:
  Result<std::string> changed(std::string_view token, Place place) const;
  std::vector<Step> steps_;
};

TokenDecoder::Step replace_in_token(std::string from, std::string to);  // from is not empty
TokenDecoder::Step replace_in_token(TextPattern from, std::string to);
TokenDecoder::Step strip_token(std::string character, std::size_t n_left, std::size_t n_right);  // at most so many
// A token with a character that is no letter of the alphabet stays as it is, and so does an added token like "õ" that
// is meant as text (the library makes a broken byte of it).
TokenDecoder::Step letters_to_bytes();
TokenDecoder::Step blank_for(std::string replacement, bool drops_at_start);  // "Metaspace"
TokenDecoder::Step join_words(std::string continuing_prefix, bool cleans);   // "WordPiece"
TokenDecoder::Step end_words(std::string suffix);                            // "BPEDecoder"
TokenDecoder::Step blanks_between_tokens();                                  // what is done without a decoder

}  // namespace quern::engine

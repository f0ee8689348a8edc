// Splits text as BERT does before WordPiece: into words at blanks, with punctuation and CJK ideographs as words of one
// character; drops control characters; optionally lower case, without accents. Threads: pure functions.
// Source: Devlin et al., BERT (2018), "BasicTokenizer"; llama.cpp for how GGUF's converters and readers normalize: of a
// character that decomposes (Unicode NFD) only the first part stays, so of a Hangul syllable its initial consonant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace quern::engine {

struct WordRules {
  bool lower_case = true;
  bool strip_accents = true;
};

// The words in the order of the text, none of them empty, as UTF-8. Invalid bytes are dropped.
std::vector<std::string> split_words(std::string_view text, const WordRules& rules);

}  // namespace quern::engine

// The pre-tokenizers of byte-level BPE vocabularies (GGUF key tokenizer.ggml.pre) as data: a new one is one row.
// Threads: constants.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace quern::engine {

inline constexpr std::size_t kMaxPatterns = 6;

// What merging starts from.
enum class BpeUnits : std::uint8_t {
  bytes,               // each written as a letter of GPT-2's alphabet
  characters,          // as they are
  escaped_characters,  // the same with U+2581 for a blank
};

// How text is cut into words before merging. Patterns are applied one after the other, each to the pieces that the ones
// before it left; what a pattern does not match between two matches is a piece of its own. An empty match cuts. A match
// of a pattern that begins with the comment "(?#threes)" is cut every three characters from its right end and nowhere
// else, "(?#isolated threes)" also at both ends.
struct PretokenizerSpec {
  std::string_view name;
  std::array<const char*, kMaxPatterns> patterns;  // PCRE2 syntax, UTF and UCP on; unused entries are null
  bool ignore_merges = false;                      // a word that is a token stays whole, whatever the merges say
  bool add_bos = false;                            // default of tokenizer.ggml.add_bos_token
  bool clean_spaces = true;                        // decode() drops blanks before punctuation
  BpeUnits units = BpeUnits::bytes;
  bool is_gemma = false;  // a run of line ends is one token where the vocabulary has it; text begins with BOS, always
};

// Null for an unknown name. An empty name is a file that predates the key: "default".
const PretokenizerSpec* find_pretokenizer(std::string_view name) noexcept;
std::string pretokenizer_names();  // comma-separated, for error messages

}  // namespace quern::engine

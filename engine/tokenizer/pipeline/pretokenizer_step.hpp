// The pre-tokenizers of tokenizer.json: each takes the pieces that the ones before it left and cuts or rewrites them. A
// new one is one function here and one row in sources/hf_pretokenizer.cpp. Threads: const, any number at once.
// Source: huggingface/tokenizers, "Pre-tokenizers", for what each of them does.
#pragma once

#include "base/result.hpp"
#include "engine/tokenizer/pipeline/pieces.hpp"
#include "engine/tokenizer/pipeline/split_behavior.hpp"
#include "engine/tokenizer/text_pattern.hpp"
#include "engine/tokenizer/unicode_class.hpp"

#include <memory>
#include <string>

namespace quern::engine {

class PretokenizerStep {
 public:
  virtual ~PretokenizerStep() = default;
  // Errors: bad_input, where an expression gives up or the text becomes absurdly long.
  virtual Status apply(Pieces& pieces) const = 0;
};
using PretokenizerStepPtr = std::unique_ptr<const PretokenizerStep>;

using CharacterTest = bool (*)(CodePoint) noexcept;

// inverted: what does not match counts as the match, and the other way round.
PretokenizerStepPtr split_at_pattern(TextPattern pattern, SplitBehavior behavior, bool inverted);
PretokenizerStepPtr split_at_characters(CharacterTest test, SplitBehavior behavior);
PretokenizerStepPtr split_at_character(CodePoint character, SplitBehavior behavior);
PretokenizerStepPtr split_by_length(std::uint32_t n_characters);

enum class PrefixScheme : std::uint8_t { always, first, never };
// In front of each piece that does not begin with it; "first": only where the text begins.
PretokenizerStepPtr prefix_pieces(std::string prefix, PrefixScheme scheme);
PretokenizerStepPtr replace_blanks(CodePoint replacement);  // U+0020 only
PretokenizerStepPtr pieces_as_letters();                    // each byte becomes a letter of GPT-2's alphabet

}  // namespace quern::engine

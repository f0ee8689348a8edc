// Normalizers of Hugging Face's tokenizer.json, one after the other. Invalid UTF-8 is repaired first: every byte that
// belongs to no character becomes U+FFFD. Threads: const after the last add. Limits: kMaxNormalizedBytes between steps.
// Source: huggingface/tokenizers, "Normalizers", for what each of them does.
#pragma once

#include "base/result.hpp"
#include "engine/tokenizer/chars_map.hpp"
#include "engine/tokenizer/text_normalizer.hpp"
#include "engine/tokenizer/text_pattern.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace quern::engine {

// Replacements can multiply a text: what becomes longer is refused, and no step builds much more.
inline constexpr std::size_t kMaxNormalizedBytes = std::size_t{1} << 30;
Status check_normalized_size(std::size_t n_bytes);

using NormalizerStep = std::unique_ptr<const TextNormalizer>;

class NormalizerChain final : public TextNormalizer {
 public:
  void add(NormalizerStep step) { steps_.push_back(std::move(step)); }
  bool empty() const noexcept { return steps_.empty(); }
  Result<std::string> apply(std::string_view text) const override;
  // n_first: how many bytes of the result come from the text's first character.
  Result<std::string> apply(std::string_view text, std::size_t& n_first) const;

 private:
  std::vector<NormalizerStep> steps_;
};

enum class UnicodeForm : std::uint8_t { nfc, nfd, nfkc, nfkd };
NormalizerStep unicode_form(UnicodeForm form);
NormalizerStep lower_case();
NormalizerStep strip_marks();                                   // drops all combining marks
NormalizerStep strip_nonspacing();                              // the same for nonspacing ones only
NormalizerStep replace_text(std::string from, std::string to);  // from is not empty
NormalizerStep replace_pattern(TextPattern from, std::string to);
NormalizerStep strip_blanks(bool left, bool right);
NormalizerStep blanks_between_words();       // one blank for a run of white space, none at the ends
NormalizerStep prepend(std::string prefix);  // to text that is not empty
NormalizerStep bytes_as_letters();           // GPT-2's alphabet

// BERT's: drops control characters, white space becomes blanks.
NormalizerStep clean_controls();
NormalizerStep blanks_around_ideographs();
NormalizerStep machine_translation_blanks();  // SentencePiece's "nmt": some control characters go, some become blanks

// SentencePiece's rules as Hugging Face applies them: to short grapheme clusters as a whole, else to each character;
// the shortest rule counts.
NormalizerStep compiled_rules(CharsMap rules);

}  // namespace quern::engine

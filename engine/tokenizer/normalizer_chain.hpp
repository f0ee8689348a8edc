// Normalizers of Hugging Face's tokenizer.json, one after the other. Invalid UTF-8 is repaired first: every byte that
// belongs to no character becomes U+FFFD. Threads: const after the last add. Source: huggingface/tokenizers,
// "Normalizers", for what each of them does.
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

using NormalizerStep = std::unique_ptr<const TextNormalizer>;

class NormalizerChain final : public TextNormalizer {
 public:
  void add(NormalizerStep step) { steps_.push_back(std::move(step)); }
  bool empty() const noexcept { return steps_.empty(); }
  std::string apply(std::string_view text, bool at_start) const override;

 private:
  std::vector<NormalizerStep> steps_;
};

enum class UnicodeForm : std::uint8_t { nfc, nfd, nfkc, nfkd };
NormalizerStep unicode_form(UnicodeForm form);
NormalizerStep lower_case();
NormalizerStep strip_marks();                                   // drops all combining marks
NormalizerStep replace_text(std::string from, std::string to);  // from is not empty
NormalizerStep replace_pattern(TextPattern from, std::string to);
NormalizerStep strip_blanks(bool left, bool right);
NormalizerStep blanks_between_words();  // one blank for a run of white space, none at the ends

enum class Prefix : std::uint8_t { always, unless_there, unless_there_at_start };
NormalizerStep prepend(std::string prefix, Prefix when);  // to text that is not empty

// SentencePiece's rules as Hugging Face applies them: to short grapheme clusters as a whole, else to each character;
// the shortest rule counts.
NormalizerStep compiled_rules(CharsMap rules);

}  // namespace quern::engine

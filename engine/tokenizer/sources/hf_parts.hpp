// The parts of a tokenizer.json, read one by one. Each refuses by name what it does not know.
#pragma once

#include "base/result.hpp"
#include "engine/tokenizer/merge_rules.hpp"
#include "engine/tokenizer/models.hpp"
#include "engine/tokenizer/normalizer_chain.hpp"
#include "engine/tokenizer/sources/json_reader.hpp"
#include "engine/tokenizer/sources/source.hpp"

#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace quern::engine {

enum class HfModel : std::uint8_t { bpe, word_piece, unigram };

struct HfVocabulary {
  VocabularyParts parts;
  std::vector<Strip> strip;       // [n_vocab], or empty
  std::vector<bool> alone;        // the same; see SpecialSplitter
  std::deque<std::string> texts;  // those that the file does not hold as they are
};
// model.vocab and added_tokens. Errors: corrupt (ids twice, out of range, gaps beyond reason), unsupported.
Result<HfVocabulary> read_hf_vocabulary(const JsonField& root, HfModel model);
// model.merges; the views point into the document.
Result<std::vector<MergeRules::Pair>> read_hf_merges(const JsonField& model);

// Appends the steps of `normalizer` to the chain; a BertNormalizer sets word_rules instead.
Status read_hf_normalizer(const JsonField& normalizer, NormalizerChain& chain, WordRules& word_rules);

struct HfPretokenizer {
  std::vector<std::string> patterns;  // for Pretokenizer
  bool byte_level = false;
  bool bert = false;
};
// Steps that change text go to the chain.
Result<HfPretokenizer> read_hf_pretokenizer(const JsonField& pretokenizer, NormalizerChain& chain);
// Oniguruma's syntax to PCRE2's. Errors: unsupported, naming the construct.
Result<std::string> translate_hf_regex(std::string_view source, const std::string& path);
std::string quote_for_regex(std::string_view text);

// The special tokens that the post-processor puts around one text.
Status read_hf_post_processor(const JsonField& processor, const Vocabulary& vocabulary, OwnSpecials& own);

struct HfDecoder {
  bool strips_blank = false;  // a blank at the front is not printed
  bool clean_spaces = false;
};
Result<HfDecoder> read_hf_decoder(const JsonField& decoder);

}  // namespace quern::engine

// The parts of a tokenizer.json, read one by one. Each refuses by name what it does not know.
#pragma once

#include "base/result.hpp"
#include "engine/tokenizer/merge_rules.hpp"
#include "engine/tokenizer/normalizer_chain.hpp"
#include "engine/tokenizer/pipeline/pipeline_tokenizer.hpp"
#include "engine/tokenizer/sources/json_reader.hpp"
#include "engine/tokenizer/sources/source.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace quern::engine {

enum class HfModel : std::uint8_t { bpe, word_piece, word_level, unigram };

struct HfAddedToken {
  AddedToken token;
  bool normalized = false;
};
struct HfVocabulary {
  VocabularyParts parts;
  std::vector<bool> in_model;  // [n_vocab] model.vocab has it
  std::vector<double> scores;  // [n_vocab] of Unigram, else empty
  std::vector<HfAddedToken> added;
};
// model.vocab and added_tokens. Errors: corrupt (ids twice, out of range, gaps beyond reason), unsupported.
Result<HfVocabulary> read_hf_vocabulary(const JsonField& root, HfModel model);
// model.merges, whose second texts go without the prefix that marks a continuation; the views point into the document.
// Errors: corrupt, for what is no pair of texts, and for texts that are no tokens of the model.
Result<MergeRules> read_hf_merges(const JsonField& model, const ModelTokens& tokens);

// Appends the steps of `normalizer` to the chain.
Status read_hf_normalizer(const JsonField& normalizer, NormalizerChain& chain);

struct HfPretokenizer {
  std::vector<PretokenizerStepPtr> steps;
  bool ends_in_letters = false;  // pieces_as_letters() is the last step, and not among `steps`
};
Result<HfPretokenizer> read_hf_pretokenizer(const JsonField& pretokenizer);
Result<PrefixScheme> read_hf_prefix_scheme(const JsonField& metaspace);
// Oniguruma's syntax to PCRE2's. Errors: unsupported, naming the construct.
Result<std::string> translate_hf_regex(std::string_view source, const std::string& path);
std::string quote_for_regex(std::string_view text);

// The special tokens that the post-processor puts around one text.
Status read_hf_post_processor(const JsonField& processor, const Vocabulary& vocabulary, OwnSpecials& own);

Result<TokenDecoder> read_hf_decoder(const JsonField& decoder);

}  // namespace quern::engine

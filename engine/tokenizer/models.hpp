// The tokenizer models (GGUF key tokenizer.ggml.model). A new one is one file and one row in load.cpp.
#pragma once

#include "base/result.hpp"
#include "engine/gguf/reader.hpp"
#include "engine/tokenizer/tokenizer.hpp"
#include "engine/tokenizer/vocabulary_tokenizer.hpp"

#include <memory>
#include <string_view>

namespace quern::engine {

struct TokenizerModel {
  std::string_view name;
  Result<std::unique_ptr<Tokenizer>> (*load)(const gguf::GgufFile& file);
};

extern const TokenizerModel kSpmModel, kBpeModel, kGemma4Model, kWordPieceModel, kUnigramModel;

// From parts, whatever file they come from. A normalizer of `loaded` must leave blanks as blanks.
Result<std::unique_ptr<Tokenizer>> make_unigram(LoadedVocabulary loaded, const TextRules& rules);

}  // namespace quern::engine

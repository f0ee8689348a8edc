// The tokenizer that a tokenizer.json describes, as its library runs it: added tokens in raw text, normalization, added
// tokens in normalized text, pre-tokenizers one after the other, the model for each piece, and the decoder for the way
// back. Threads: const after creation, any number at once. Source: huggingface/tokenizers documentation, "The
// tokenization pipeline".
#pragma once

#include "engine/tokenizer/normalizer_chain.hpp"
#include "engine/tokenizer/pipeline/added_tokens.hpp"
#include "engine/tokenizer/pipeline/pretokenizer_step.hpp"
#include "engine/tokenizer/pipeline/token_decoder.hpp"
#include "engine/tokenizer/pipeline/word_model.hpp"
#include "engine/tokenizer/vocabulary_tokenizer.hpp"

#include <functional>
#include <vector>

namespace quern::engine {

struct PipelineParts {
  Vocabulary vocabulary;
  TokenRoles roles;
  std::vector<AddedToken> raw_tokens, normalized_tokens;  // each passes AddedTokens::check()
  NormalizerChain normalizer;
  std::vector<PretokenizerStepPtr> steps;
  std::function<WordModelPtr(const Vocabulary&)> make_model;
  TokenDecoder decoder;
  bool clean_spaces = false;
};

// Errors: those of the decoder's expressions for a token's text; unsupported, where pieces become absurdly long.
Result<std::unique_ptr<Tokenizer>> make_pipeline(PipelineParts parts);

}  // namespace quern::engine

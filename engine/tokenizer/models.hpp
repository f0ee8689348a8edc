// The tokenizer models (GGUF key tokenizer.ggml.model). A new one is one file and one row in load.cpp. Each can also be
// made from parts, so that other files than GGUF lead to the same tokenizers.
#pragma once

#include "base/result.hpp"
#include "engine/gguf/reader.hpp"
#include "engine/tokenizer/merge_rules.hpp"
#include "engine/tokenizer/pretokenize.hpp"
#include "engine/tokenizer/token_trie.hpp"
#include "engine/tokenizer/tokenizer.hpp"
#include "engine/tokenizer/vocabulary_tokenizer.hpp"
#include "engine/tokenizer/wordpiece_words.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace quern::engine {

struct TokenizerModel {
  std::string_view name;
  Result<std::unique_ptr<Tokenizer>> (*load)(const gguf::GgufFile& file);
};

extern const TokenizerModel kSpmModel, kBpeModel, kGemma4Model, kWhitespaceModel, kWordPieceModel, kUnigramModel;

// BPE over characters: what happens beside merging.
struct CharacterBpeRules {
  bool escape_blanks = true;     // a blank becomes U+2581 before the text is cut
  bool drop_blanks = false;      // a word that is one blank has no tokens
  bool whole_line_ends = false;  // a run of line ends is one token where the vocabulary has it
  bool ignore_merges = false;    // a word that is a token stays whole, whatever the merges say
};

// SPM: where SentencePiece and llama.cpp part.
struct SpmRules {
  bool blank_is_there = false;      // the normalizer has put the blank before the text already
  bool whole_user_defined = false;  // user-defined tokens are found in normalized text, and are never part of a merge
  bool fuse_unknown = false;        // a run of characters without bytes is one unknown token, not one for each byte
};

std::vector<TokenTrie::Entry> user_defined_entries(const Vocabulary& vocabulary);  // those with a text

// A normalizer of `loaded` must leave valid UTF-8 where it is given valid UTF-8.
Result<std::unique_ptr<Tokenizer>> make_spm(LoadedVocabulary loaded, const TextRules& rules, const SpmRules& spm_rules);
// user_defined_score: of a user-defined token where text is cut.
Result<std::unique_ptr<Tokenizer>> make_unigram(LoadedVocabulary loaded, const TextRules& rules,  // escapes blanks
                                                double user_defined_score = 0.0);
Result<std::unique_ptr<Tokenizer>> make_word_piece(LoadedVocabulary loaded, const TextRules& rules,
                                                   const WordRules& word_rules);
Result<std::unique_ptr<Tokenizer>> make_byte_level_bpe(LoadedVocabulary loaded, const TextRules& rules,
                                                       MergeRules merges, Pretokenizer pretokenizer,
                                                       bool ignore_merges);
Result<std::unique_ptr<Tokenizer>> make_character_bpe(LoadedVocabulary loaded, const TextRules& rules,
                                                      MergeRules merges, Pretokenizer pretokenizer,
                                                      const CharacterBpeRules& bpe_rules);

}  // namespace quern::engine

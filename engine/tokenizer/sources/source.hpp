// Files other than GGUF that describe a tokenizer. Each becomes one of the tokenizer models in models.hpp. A new format
// is one file and one row in load_file.cpp. Threads: pure functions. Everything in these files is outside data.
#pragma once

#include "base/result.hpp"
#include "engine/gguf/reader.hpp"
#include "engine/tokenizer/special_tokens.hpp"
#include "engine/tokenizer/tokenizer.hpp"
#include "engine/tokenizer/vocabulary.hpp"

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace quern::engine {

// What is known beside the file itself; views need live only during loading.
struct SourceContext {
  std::string_view name;                  // path, for messages and for file names that have a meaning
  std::string_view config;                // text of the tokenizer_config.json beside it, or empty
  const gguf::GgufFile* model = nullptr;  // the model that the tokenizer is for, or null
};

struct TokenizerSource {
  std::string_view name;
  bool (*recognizes)(std::string_view bytes);
  Result<std::unique_ptr<Tokenizer>> (*load)(std::string_view bytes, const SourceContext& context);
};

extern const TokenizerSource kHuggingFaceSource, kSentencePieceSource, kTiktokenSource;

// The tokenizer that `bytes` describe, whatever the format. Errors: unsupported with the list of formats.
Result<std::unique_ptr<Tokenizer>> load_tokenizer_bytes(std::string_view bytes, const SourceContext& context);

// What the file says itself; where it is silent, its tokenizer_config.json is asked, then the model, whose ids count
// only where both vocabularies have the same text.
struct OwnSpecials {
  SpecialTokens ids;
  std::vector<TokenId> after_bos, after_eos;
  std::optional<bool> add_bos, add_eos;  // not set: the file is silent
  std::optional<bool> clean_spaces;
};
struct CompleteSpecials {
  SpecialTokens ids;
  bool clean_spaces = false;
};
// Errors: corrupt, naming the file and the field.
Result<CompleteSpecials> complete_specials(const OwnSpecials& own, const Vocabulary& vocabulary,
                                           const SourceContext& context);

}  // namespace quern::engine

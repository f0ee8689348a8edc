// Which tokens are special and what they are for: the ids that metadata names, the ones known by their text alone, and
// the tokens that end a generation. Threads: pure functions.
#pragma once

#include "base/result.hpp"
#include "engine/gguf/reader.hpp"
#include "engine/tokenizer/tokenizer.hpp"
#include "engine/tokenizer/vocabulary.hpp"

#include <vector>

namespace quern::engine {

struct TokenRoles {
  SpecialTokens ids;
  std::vector<TokenId> ends_generation;       // sorted, without duplicates
  std::vector<TokenId> after_bos, after_eos;  // added with BOS, with EOS, by templates of several tokens a side
};

// `defaults` are those of the tokenizer model; the file overrides them. Tokens that are known to be control tokens by
// their text become ones in `vocabulary`, whatever the file says, so that a user's text cannot forge them. Errors:
// corrupt, naming the key, for an id outside the vocabulary (of bos, eos, eot, eom and unk; for pad and sep, where such
// files are common and harmless, a warning) and for add_bos or add_eos without the token.
Result<TokenRoles> assign_roles(const gguf::GgufFile& file, const SpecialTokens& defaults, Vocabulary& vocabulary);

// The same for ids that are known: tokens of the vocabulary, or kNoToken.
TokenRoles roles_of(const SpecialTokens& ids, Vocabulary& vocabulary);

// Special tokens that swallow the white space beside them in text.
enum class Strip : std::uint8_t { none = 0, left = 1, right = 2, both = 3 };

// [n_vocab], or empty when no token of the model strips. The file format has no place for this, so it goes by the
// model.
std::vector<Strip> strip_rules(const gguf::GgufFile& file, const Vocabulary& vocabulary);

}  // namespace quern::engine

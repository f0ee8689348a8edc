// Text <-> token ids of one vocabulary. Threads: const after creation, any number of threads at once.
// Ownership: a Tokenizer copies what it needs; the GGUF file may be closed afterwards. Limits: texts below 512 MiB.
#pragma once

#include "base/result.hpp"
#include "engine/gguf/reader.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quern::engine {

using TokenId = std::int32_t;
inline constexpr TokenId kNoToken = -1;

enum class TokenKind : std::uint8_t { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

// Tokens by which a prompt asks for what stands between two texts ("fill in the middle"), for models trained to.
struct FillTokens {
  TokenId prefix = kNoToken, suffix = kNoToken, middle = kNoToken;  // before each text, and where the answer begins
  TokenId pad = kNoToken, repository = kNoToken, file = kNoToken;   // file: before the name of each file

  bool complete() const noexcept { return prefix != kNoToken && suffix != kNoToken && middle != kNoToken; }
};

struct SpecialTokens {
  TokenId bos = kNoToken, eos = kNoToken, eot = kNoToken, eom = kNoToken, unk = kNoToken, pad = kNoToken,
          sep = kNoToken;
  bool add_bos = false, add_eos = false, add_sep = false;
  FillTokens fill = {};
};

struct EncodeOptions {
  bool add_special = true;     // BOS, EOS and SEP as the model's metadata asks for
  bool parse_special = false;  // text of control tokens ("<|im_end|>") becomes their id
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // Text is UTF-8; invalid bytes are treated as the reference does (byte fallback or replacement), never an error.
  // Errors: bad_input, where an expression of the vocabulary gives up on this text, where normalization makes it
  // absurdly long, or where the vocabulary has a token neither for a part of it nor for what is unknown and its library
  // refuses.
  virtual Result<std::vector<TokenId>> encode(std::string_view text, EncodeOptions options) const = 0;

  // The bytes a token stands for: may be part of a UTF-8 character. Control tokens: their text when show_special, else
  // "". Ids outside [0, n_vocab) give "". What it means for a piece to come first is the Detokenizer's business.
  virtual std::string piece(TokenId id, bool show_special) const = 0;

  // Text of a whole id list as the reference's detokenizer prints it (leading blank of SPM removed where it was added).
  virtual std::string decode(std::span<const TokenId> ids, bool show_special) const = 0;

  virtual std::uint32_t n_vocab() const noexcept = 0;
  virtual TokenKind kind(TokenId id) const noexcept = 0;
  virtual std::string_view token_text(TokenId id) const noexcept = 0;  // as stored in the vocabulary
  virtual const SpecialTokens& special() const noexcept = 0;
  virtual bool is_end_of_generation(TokenId id) const noexcept = 0;  // eos, eot, eom and further ones of the vocabulary
  // encode() puts a blank before text, and decode() takes it away again.
  virtual bool adds_space_prefix() const noexcept { return false; }
};

// The tokenizer described by a GGUF file's `tokenizer.ggml.*` keys.
// Errors: unsupported (model or pre-tokenizer, with the list of those supported), corrupt (sizes, ids out of range).
Result<std::unique_ptr<Tokenizer>> load_tokenizer(const gguf::GgufFile& file);

// The same from a file of its own: Hugging Face's tokenizer.json, SentencePiece's .model, tiktoken's .tiktoken, or
// GGUF, told apart by content. What such a file does not say (which tokens begin and end a text) comes from the
// tokenizer_config.json beside it and from `model`, which may be null.
// Errors: unsupported (naming what this file uses and what is known), corrupt, those of opening a file.
Result<std::unique_ptr<Tokenizer>> load_tokenizer_file(const std::string& path, const gguf::GgufFile* model);

}  // namespace quern::engine

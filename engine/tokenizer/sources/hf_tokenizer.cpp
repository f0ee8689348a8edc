// Hugging Face's tokenizer.json: added tokens, normalizer, pre-tokenizer, model (BPE, WordPiece, WordLevel, Unigram),
// post-processor and decoder. Special tokens are parsed from text only on request. Truncation and padding are what a
// caller of the library asks for and are not applied. Source: huggingface/tokenizers documentation; files of published
// models.
#include "engine/tokenizer/pipeline/pipeline_tokenizer.hpp"
#include "engine/tokenizer/sources/hf_parts.hpp"
#include "engine/tokenizer/token_trie.hpp"

#include <functional>
#include <memory>
#include <utility>

namespace quern::engine {
namespace {

bool recognizes(std::string_view bytes) {
  const std::size_t at = bytes.find_first_not_of(" \t\r\n");
  return at != std::string_view::npos && bytes[at] == '{';
}

Result<HfModel> model_of(const JsonField& model) {
  const JsonField type = model.at("type");
  if (type.is_null()) return model.at("merges").is_array() ? HfModel::bpe : HfModel::unigram;  // early files
  QUERN_TRY(const std::string_view name, type.as_string());
  if (name == "BPE") return HfModel::bpe;
  if (name == "WordPiece") return HfModel::word_piece;
  if (name == "WordLevel") return HfModel::word_level;
  if (name == "Unigram") return HfModel::unigram;
  return fail(Errc::unsupported, "{}: found '{}', supported: BPE, WordPiece, WordLevel, Unigram", type.path(), name);
}

Result<std::string_view> text_or(const JsonField& field, std::string_view fallback) {
  if (field.is_null()) return fallback;
  return field.as_string();
}

// What makes the model once the vocabulary has its place.
using MakeModel = std::function<WordModelPtr(ModelTokens)>;

Result<MakeModel> read_bpe(const JsonField& model, const ModelTokens& tokens, TokenId unknown, bool& raw_bytes) {
  const JsonField dropout = model.at("dropout");
  if (!dropout.is_null()) {
    QUERN_TRY(const double chance, dropout.as_number());
    if (chance != 0) return fail(Errc::unsupported, "{}: found {}, supported: 0 or null", dropout.path(), chance);
  }
  BpeModelRules rules{.unknown = unknown, .continuing_prefix = {}, .end_suffix = {}};
  QUERN_TRY(rules.ignore_merges, model.at("ignore_merges").bool_or(false));
  QUERN_TRY(rules.fuse_unknown, model.at("fuse_unk").bool_or(false));
  QUERN_TRY(rules.byte_fallback, model.at("byte_fallback").bool_or(false));
  QUERN_TRY(rules.continuing_prefix, text_or(model.at("continuing_subword_prefix"), ""));
  QUERN_TRY(rules.end_suffix, text_or(model.at("end_of_word_suffix"), ""));
  raw_bytes = raw_bytes && rules.continuing_prefix.empty() && rules.end_suffix.empty();
  rules.raw_bytes = raw_bytes;
  QUERN_TRY(MergeRules merges, read_hf_merges(model, tokens));
  // std::function wants copies, and merges are better not copied.
  const auto shared = std::make_shared<MergeRules>(std::move(merges));
  return MakeModel(
      [shared, rules](ModelTokens placed) { return bpe_model(std::move(placed), std::move(*shared), rules); });
}

Result<MakeModel> read_word_piece(const JsonField& model, const ModelTokens& tokens, TokenId unknown) {
  QUERN_CHECK(TokenTrie::check(2 * tokens.vocabulary().text_bytes(), "WordPiece"));
  WordPieceModelRules rules{.unknown = unknown};
  QUERN_TRY(rules.continuing_prefix, text_or(model.at("continuing_subword_prefix"), "##"));
  const JsonField longest = model.at("max_input_chars_per_word");
  if (!longest.is_null()) {
    QUERN_TRY(const std::int64_t n_characters, longest.as_int());
    if (n_characters < 0) return longest.wrong("0 or more");
    rules.max_characters = static_cast<std::size_t>(n_characters);
  }
  return MakeModel([rules](ModelTokens placed) { return word_piece_model(std::move(placed), rules); });
}

Result<MakeModel> read_unigram(const JsonField& model, const ModelTokens& tokens, TokenId unknown,
                               std::vector<double> scores) {
  QUERN_CHECK(TokenTrie::check(tokens.vocabulary().text_bytes(), "Unigram"));
  UnigramModelRules rules{.unknown = unknown, .scores = std::move(scores)};
  QUERN_TRY(rules.byte_fallback, model.at("byte_fallback").bool_or(false));
  return MakeModel([rules](ModelTokens placed) { return unigram_model(std::move(placed), rules); });
}

// Those that count in normalized text are looked for by their own text normalized. What is known to be a control token
// by its text is special whatever the file says, so that a user's text cannot forge it, and what is known to be none is
// not looked for.
Status sort_added(std::vector<HfAddedToken> added, PipelineParts& parts) {
  for (HfAddedToken& one : added) {
    const TokenKind kind = parts.vocabulary.kind(one.token.id);
    if (kind == TokenKind::normal) continue;
    one.token.special = kind == TokenKind::control;
    if (one.normalized && !parts.normalizer.empty()) {
      QUERN_TRY(one.token.text, parts.normalizer.apply(one.token.text));
    }
    (one.normalized ? parts.normalized_tokens : parts.raw_tokens).push_back(std::move(one.token));
  }
  QUERN_CHECK(AddedTokens::check(parts.raw_tokens));
  return AddedTokens::check(parts.normalized_tokens);
}

// model.unk_token (a text) or, for Unigram, model.unk_id.
Result<TokenId> read_unknown(const JsonField& field, HfModel model, const ModelTokens& tokens) {
  if (model == HfModel::unigram) {
    const JsonField number = field.at("unk_id");
    if (number.is_null()) return kNoToken;
    QUERN_TRY(const std::int64_t id, number.as_int());
    if (!tokens.vocabulary().contains(id) || !tokens.has(static_cast<TokenId>(id)))
      return number.wrong("a token of the vocabulary");
    return static_cast<TokenId>(id);
  }
  const JsonField text = field.at("unk_token");
  if (text.is_null()) return kNoToken;
  QUERN_TRY(const std::string_view name, text.as_string());
  return tokens.find(name);  // where it is none, the library does not mind before a text needs it
}

Result<MakeModel> read_model(const JsonField& field, HfModel model, const ModelTokens& tokens, TokenId unknown,
                             std::vector<double> scores, bool& raw_bytes) {
  if (model == HfModel::bpe) return read_bpe(field, tokens, unknown, raw_bytes);
  raw_bytes = false;
  if (model == HfModel::word_piece) return read_word_piece(field, tokens, unknown);
  if (model == HfModel::unigram) return read_unigram(field, tokens, unknown, std::move(scores));
  return MakeModel([unknown](ModelTokens placed) { return word_level_model(std::move(placed), unknown); });
}

Result<std::unique_ptr<Tokenizer>> load(std::string_view bytes, const SourceContext& context) {
  QUERN_TRY(const JsonDocument document, JsonDocument::parse(bytes, context.name));
  const JsonField root = document.root(), model_field = root.at("model");
  QUERN_TRY(const HfModel model, model_of(model_field));
  QUERN_TRY(HfVocabulary read, read_hf_vocabulary(root, model));
  QUERN_TRY(Vocabulary vocabulary, Vocabulary::create(std::move(read.parts), model_field.at("vocab").path()));

  OwnSpecials own;
  const ModelTokens tokens(vocabulary, read.in_model);
  QUERN_TRY(own.ids.unk, read_unknown(model_field, model, tokens));
  QUERN_CHECK(read_hf_post_processor(root.at("post_processor"), vocabulary, own));
  QUERN_TRY(const CompleteSpecials specials, complete_specials(own, vocabulary, context));
  TokenRoles roles = roles_of(specials.ids, vocabulary);
  if (specials.ids.add_bos) roles.after_bos = std::move(own.after_bos);
  if (specials.ids.add_eos) roles.after_eos = std::move(own.after_eos);

  QUERN_TRY(HfPretokenizer pretokenizer, read_hf_pretokenizer(root.at("pre_tokenizer")));
  bool raw_bytes = pretokenizer.ends_in_letters;
  QUERN_TRY(const MakeModel make,
            read_model(model_field, model, tokens, own.ids.unk, std::move(read.scores), raw_bytes));
  if (pretokenizer.ends_in_letters && !raw_bytes) pretokenizer.steps.push_back(pieces_as_letters());
  QUERN_TRY(TokenDecoder decoder, read_hf_decoder(root.at("decoder")));
  NormalizerChain chain;
  QUERN_CHECK(read_hf_normalizer(root.at("normalizer"), chain));
  PipelineParts parts{.vocabulary = std::move(vocabulary),
                      .roles = std::move(roles),
                      .raw_tokens = {},
                      .normalized_tokens = {},
                      .normalizer = std::move(chain),
                      .steps = std::move(pretokenizer.steps),
                      .make_model = [make, in_model = std::move(read.in_model)](
                                        const Vocabulary& placed) { return make(ModelTokens(placed, in_model)); },
                      .decoder = std::move(decoder),
                      .clean_spaces = specials.clean_spaces};
  QUERN_CHECK(sort_added(std::move(read.added), parts));
  return make_pipeline(std::move(parts));
}

}  // namespace

const TokenizerSource kHuggingFaceSource{"tokenizer.json", &recognizes, &load};

}  // namespace quern::engine

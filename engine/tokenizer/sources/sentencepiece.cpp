// SentencePiece's .model: a Protocol Buffers message with the pieces, what trained them and how text is normalized. BPE
// models become SPM tokenizers, unigram models Unigram ones. Source: google/sentencepiece sentencepiece_model.proto.
#include "engine/tokenizer/models.hpp"
#include "engine/tokenizer/sources/proto_reader.hpp"
#include "engine/tokenizer/sources/source.hpp"
#include "engine/tokenizer/spm_normalizer.hpp"

#include <cmath>
#include <utility>

namespace quern::engine {
namespace {

enum class Algorithm : std::uint64_t { unigram = 1, bpe = 2, word = 3, character = 4 };

// User-defined symbols of a unigram model: better than all normal pieces, whose scores are logarithms.
constexpr double kUserDefinedScore = -0.1;

// ModelProto, its TrainerSpec and NormalizerSpec: the fields that matter, with the defaults of the .proto file.
struct Model {
  VocabularyParts parts;
  std::uint64_t algorithm = 1;
  std::uint64_t unk = 0, bos = 1, eos = 2, pad = UINT64_MAX;  // -1 is written as a 64-bit number
  bool blank_behind_word = false;                             // treat_whitespace_as_suffix
  bool byte_fallback = false;
  std::string_view rules;
  bool add_prefix = true, merge_blanks = true, escape_blanks = true;
};

bool recognizes(std::string_view bytes) {  // the first field is a piece: number 1, bytes
  ProtoReader reader(bytes);
  ProtoField field;
  return reader.next(field) && field.number == 1 && field.wire == 2;
}

Error broken(const SourceContext& context, std::string_view what) {
  return fail(Errc::corrupt, "{}: {} is no Protocol Buffers message of that kind", context.name, what);
}

Status read_piece(std::string_view bytes, const SourceContext& context, VocabularyParts& parts) {
  ProtoReader reader(bytes);
  std::string_view text;
  float score = 0;
  std::uint64_t kind = 1;
  for (ProtoField field; reader.next(field);) {
    if (field.number == 1 && field.wire == 2) text = field.bytes;
    if (field.number == 2 && field.wire == 5) score = field.as_float();
    if (field.number == 3 && field.wire == 0) kind = field.value;
  }
  const std::size_t index = parts.texts.size();
  if (reader.broken()) return broken(context, fmt::format("piece {}", index));
  if (kind < 1 || kind > 6)
    return fail(Errc::corrupt, "{}: piece {} is of type {}, expected 1 to 6", context.name, index, kind);
  if (!std::isfinite(score)) return fail(Errc::corrupt, "{}: piece {} has the score {}", context.name, index, score);
  if (parts.texts.size() >= Vocabulary::kMaxTokens)
    return fail(Errc::corrupt, "{}: more than {} pieces", context.name, Vocabulary::kMaxTokens);
  parts.texts.push_back(text);
  parts.scores.push_back(score);
  parts.kinds.push_back(static_cast<TokenKind>(kind));
  return {};
}

Status read_trainer(std::string_view bytes, const SourceContext& context, Model& model) {
  ProtoReader reader(bytes);
  for (ProtoField field; reader.next(field);) {
    if (field.wire != 0) continue;
    if (field.number == 3) model.algorithm = field.value;
    if (field.number == 24) model.blank_behind_word = field.value != 0;
    if (field.number == 35) model.byte_fallback = field.value != 0;
    if (field.number == 40) model.unk = field.value;
    if (field.number == 41) model.bos = field.value;
    if (field.number == 42) model.eos = field.value;
    if (field.number == 43) model.pad = field.value;
  }
  return reader.broken() ? Status(broken(context, "trainer_spec")) : Status();
}

Status read_normalizer(std::string_view bytes, const SourceContext& context, Model& model) {
  ProtoReader reader(bytes);
  for (ProtoField field; reader.next(field);) {
    if (field.number == 2 && field.wire == 2) model.rules = field.bytes;
    if (field.wire != 0) continue;
    if (field.number == 3) model.add_prefix = field.value != 0;
    if (field.number == 4) model.merge_blanks = field.value != 0;
    if (field.number == 5) model.escape_blanks = field.value != 0;
  }
  return reader.broken() ? Status(broken(context, "normalizer_spec")) : Status();
}

Result<Model> read_model(std::string_view bytes, const SourceContext& context) {
  Model model;
  ProtoReader reader(bytes);
  for (ProtoField field; reader.next(field);) {
    if (field.wire != 2) continue;
    if (field.number == 1) QUERN_CHECK(read_piece(field.bytes, context, model.parts));
    if (field.number == 2) QUERN_CHECK(read_trainer(field.bytes, context, model));
    if (field.number == 3) QUERN_CHECK(read_normalizer(field.bytes, context, model));
  }
  if (reader.broken()) return broken(context, "the file");
  if (model.algorithm != static_cast<std::uint64_t>(Algorithm::unigram) &&
      model.algorithm != static_cast<std::uint64_t>(Algorithm::bpe))
    return fail(Errc::unsupported, "{}: trainer_spec.model_type: found {}, supported: 1 (unigram), 2 (BPE)",
                context.name, model.algorithm);
  if (model.blank_behind_word || !model.escape_blanks)
    return fail(Errc::unsupported, "{}: {}, which is not supported", context.name,
                model.blank_behind_word ? "treat_whitespace_as_suffix is set" : "escape_whitespaces is not set");
  return model;
}

// -1 is "none", whatever its width.
TokenId id_or_none(std::uint64_t id, const Vocabulary& vocabulary) {
  return id < vocabulary.size() ? static_cast<TokenId>(id) : kNoToken;
}

Result<std::unique_ptr<Tokenizer>> load(std::string_view bytes, const SourceContext& context) {
  QUERN_TRY(Model model, read_model(bytes, context));
  QUERN_TRY(Vocabulary vocabulary, Vocabulary::create(std::move(model.parts), context.name));
  const bool is_bpe = model.algorithm == static_cast<std::uint64_t>(Algorithm::bpe);
  OwnSpecials own;
  own.ids.unk = id_or_none(model.unk, vocabulary);
  own.ids.bos = id_or_none(model.bos, vocabulary);
  own.ids.eos = id_or_none(model.eos, vocabulary);
  own.ids.pad = id_or_none(model.pad, vocabulary);
  own.ids.add_bos = is_bpe;  // the file does not say; Llama begins with one, T5 ends with the other
  own.ids.add_eos = !is_bpe;
  QUERN_TRY(const CompleteSpecials specials, complete_specials(own, vocabulary, context));
  QUERN_CHECK(SpecialSplitter::check(vocabulary));
  TokenRoles roles = roles_of(specials.ids, vocabulary);
  std::vector<Strip> strip;
  if (context.model != nullptr) strip = strip_rules(*context.model, vocabulary);
  LoadedVocabulary loaded{std::move(vocabulary), std::move(roles), std::move(strip), nullptr,
                          /*finds_user_defined=*/false};
  QUERN_TRY(CharsMap rules, CharsMap::create(model.rules, fmt::format("{}: precompiled_charsmap", context.name)));
  TextRules text_rules;
  text_rules.add_space_prefix = model.add_prefix;
  text_rules.clean_spaces = specials.clean_spaces;
  const std::vector<TokenTrie::Entry> kept = user_defined_entries(loaded.vocabulary);
  const BlankRules blanks{
      .add_prefix = model.add_prefix, .merge_blanks = model.merge_blanks, .prefix_blanks = model.add_prefix};
  loaded.normalizer = std::make_unique<SpmNormalizer>(std::move(rules), blanks, kept);
  if (!is_bpe) return make_unigram(std::move(loaded), text_rules, kUserDefinedScore);
  return make_spm(std::move(loaded), text_rules,
                  {.blank_is_there = true, .whole_user_defined = true, .fuse_unknown = true});
}

}  // namespace

const TokenizerSource kSentencePieceSource{"SentencePiece .model", &recognizes, &load};

}  // namespace quern::engine

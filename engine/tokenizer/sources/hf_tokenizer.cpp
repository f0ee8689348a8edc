// Hugging Face's tokenizer.json: normalizer, pre-tokenizer, model (BPE, WordPiece, Unigram), post-processor, decoder
// and added tokens. Special tokens are parsed from text only on request, and always in the raw text, whatever their
// "normalized" says. Source: huggingface/tokenizers documentation; files of published models.
#include "engine/tokenizer/escaped_space.hpp"
#include "engine/tokenizer/models.hpp"
#include "engine/tokenizer/sources/hf_parts.hpp"

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
  if (name == "Unigram") return HfModel::unigram;
  return fail(Errc::unsupported, "{}: found '{}', supported: BPE, WordPiece, Unigram", type.path(), name);
}

struct Document {  // what the models are made from
  JsonField root, model;
  NormalizerChain chain;
  WordRules word_rules;
  HfPretokenizer pretokenizer;
  HfDecoder decoder;
  LoadedVocabulary loaded;
  TextRules text_rules;
};

Status refuse_unless_empty(const JsonField& field) {
  if (field.is_null()) return {};
  QUERN_TRY(const std::string_view text, field.as_string());
  if (!text.empty()) return fail(Errc::unsupported, "{}: found '{}', supported: none", field.path(), text);
  return {};
}

std::unique_ptr<const TextNormalizer> take_chain(NormalizerChain& chain) {
  return chain.empty() ? nullptr : std::make_unique<NormalizerChain>(std::move(chain));
}

Result<std::unique_ptr<Tokenizer>> make_bpe(Document& d) {
  QUERN_CHECK(refuse_unless_empty(d.model.at("continuing_subword_prefix")));
  QUERN_CHECK(refuse_unless_empty(d.model.at("end_of_word_suffix")));
  QUERN_TRY(const bool ignore_merges, d.model.at("ignore_merges").bool_or(false));
  QUERN_TRY(const std::vector<MergeRules::Pair> pairs, read_hf_merges(d.model));
  MergeRules merges = MergeRules::create(pairs, d.loaded.vocabulary);
  QUERN_TRY(Pretokenizer pretokenizer, Pretokenizer::create(d.root.path(), d.pretokenizer.patterns));
  d.loaded.normalizer = take_chain(d.chain);
  if (d.pretokenizer.byte_level) {
    d.text_rules.piece_form = PieceForm::byte_letters;
    return make_byte_level_bpe(std::move(d.loaded), d.text_rules, std::move(merges), std::move(pretokenizer),
                               ignore_merges);
  }
  CharacterBpeRules rules{.escape_blanks = false, .ignore_merges = ignore_merges, .unknown = true};
  QUERN_TRY(rules.byte_fallback, d.model.at("byte_fallback").bool_or(false));
  QUERN_TRY(rules.fuse_unknown, d.model.at("fuse_unk").bool_or(false));
  return make_character_bpe(std::move(d.loaded), d.text_rules, std::move(merges), std::move(pretokenizer), rules);
}

Result<std::unique_ptr<Tokenizer>> make_words(Document& d) {
  if (!d.pretokenizer.bert)
    return fail(Errc::unsupported, "{}.pre_tokenizer: a WordPiece model needs BertPreTokenizer", d.root.path());
  WordPieceRules rules{.words = d.word_rules};
  const JsonField longest = d.model.at("max_input_chars_per_word");
  std::int64_t n_characters = 100;
  if (!longest.is_null()) {
    QUERN_TRY(n_characters, longest.as_int());
  }
  if (n_characters < 1) return longest.wrong("1 or more");
  rules.max_word_characters = static_cast<std::size_t>(n_characters);
  d.loaded.normalizer = take_chain(d.chain);
  return make_word_piece(std::move(d.loaded), d.text_rules, rules);
}

Result<std::unique_ptr<Tokenizer>> make_scored(Document& d) {
  if (d.pretokenizer.byte_level || d.pretokenizer.bert)
    return fail(Errc::unsupported, "{}.pre_tokenizer: a Unigram model needs Metaspace", d.root.path());
  d.loaded.normalizer = take_chain(d.chain);
  return make_unigram(std::move(d.loaded), d.text_rules);
}

// model.unk_token (a text) or, for Unigram, model.unk_id.
Status read_unknown(const JsonField& model, const Vocabulary& vocabulary, OwnSpecials& own) {
  if (!model.at("unk_token").is_null()) {
    QUERN_TRY(const std::string_view text, model.at("unk_token").as_string());
    own.ids.unk = vocabulary.find(text);
    if (own.ids.unk == kNoToken)
      own.ids.unk = vocabulary.find(std::string(kEscapedSpace).append(text));  // of WordPiece
  }
  if (model.at("unk_id").is_null()) return {};
  QUERN_TRY(const std::int64_t id, model.at("unk_id").as_int());
  if (!vocabulary.contains(id)) return model.at("unk_id").wrong("a token of the vocabulary");
  own.ids.unk = static_cast<TokenId>(id);
  return {};
}

Result<std::unique_ptr<Tokenizer>> load(std::string_view bytes, const SourceContext& context) {
  QUERN_TRY(const JsonDocument document, JsonDocument::parse(bytes, context.name));
  const JsonField root = document.root(), model_field = root.at("model");
  QUERN_TRY(const HfModel model, model_of(model_field));
  QUERN_TRY(HfVocabulary read, read_hf_vocabulary(root, model));
  QUERN_TRY(Vocabulary vocabulary, Vocabulary::create(std::move(read.parts), root.at("model").at("vocab").path()));

  NormalizerChain chain;
  WordRules word_rules{
      .lower_case = false, .strip_accents = false, .whole_decomposition = true, .split_ideographs = false};
  QUERN_CHECK(read_hf_normalizer(root.at("normalizer"), chain, word_rules));
  QUERN_TRY(HfPretokenizer pretokenizer, read_hf_pretokenizer(root.at("pre_tokenizer"), chain));
  QUERN_TRY(const HfDecoder decoder, read_hf_decoder(root.at("decoder")));
  OwnSpecials own;
  QUERN_CHECK(read_unknown(model_field, vocabulary, own));
  QUERN_CHECK(read_hf_post_processor(root.at("post_processor"), vocabulary, own));
  if (decoder.clean_spaces) own.clean_spaces = true;
  QUERN_TRY(const CompleteSpecials specials, complete_specials(own, vocabulary, context));

  QUERN_CHECK(SpecialSplitter::check(vocabulary));
  TokenRoles roles = roles_of(specials.ids, vocabulary);
  if (specials.ids.add_bos) roles.after_bos = std::move(own.after_bos);
  if (specials.ids.add_eos) roles.after_eos = std::move(own.after_eos);
  Document d{root,
             model_field,
             std::move(chain),
             word_rules,
             std::move(pretokenizer),
             decoder,
             {std::move(vocabulary), std::move(roles), std::move(read.strip), nullptr, std::move(read.alone)},
             {}};
  d.text_rules.add_space_prefix = decoder.strips_blank;
  d.text_rules.clean_spaces = specials.clean_spaces;
  if (model == HfModel::bpe) return make_bpe(d);
  if (model == HfModel::word_piece) return make_words(d);
  return make_scored(d);
}

}  // namespace

const TokenizerSource kHuggingFaceSource{"tokenizer.json", &recognizes, &load};

}  // namespace quern::engine

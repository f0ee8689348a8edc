#include "engine/tokenizer/sources/base64.hpp"
#include "engine/tokenizer/sources/hf_parts.hpp"

namespace quern::engine {
namespace {

constexpr char kNormalizers[] =
    "Sequence, NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Strip, Replace, Prepend, Precompiled, BertNormalizer, "
    "Nmt, "
    "ByteLevel";

Status add_replace(const JsonField& field, NormalizerChain& chain) {
  QUERN_TRY(const std::string_view to, field.at("content").as_string());
  const JsonField pattern = field.at("pattern");
  if (pattern.at("Regex").is_string()) {
    QUERN_TRY(const std::string_view source, pattern.at("Regex").as_string());
    QUERN_TRY(const std::string translated, translate_hf_regex(source, pattern.path()));
    QUERN_TRY(TextPattern compiled, TextPattern::compile(field.path(), translated));
    chain.add(replace_pattern(std::move(compiled), std::string(to)));
    return {};
  }
  QUERN_TRY(const std::string_view from, pattern.at("String").as_string());
  if (from.empty()) return pattern.at("String").wrong("a text");
  chain.add(replace_text(std::string(from), std::string(to)));
  return {};
}

Status add_precompiled(const JsonField& field, NormalizerChain& chain) {
  const JsonField map = field.at("precompiled_charsmap");
  if (map.is_null()) return {};
  QUERN_TRY(const std::string_view text, map.as_string());
  std::string blob;
  if (!append_base64(text, blob)) return map.wrong("base64");
  QUERN_TRY(CharsMap rules, CharsMap::create(blob, map.path()));
  if (!rules.empty()) chain.add(compiled_rules(std::move(rules)));
  return {};
}

Status add_bert(const JsonField& field, NormalizerChain& chain) {
  QUERN_TRY(const bool clean, field.at("clean_text").bool_or(true));
  QUERN_TRY(const bool ideographs, field.at("handle_chinese_chars").bool_or(true));
  QUERN_TRY(const bool lower, field.at("lowercase").bool_or(true));
  QUERN_TRY(const bool accents, field.at("strip_accents").bool_or(lower));
  if (clean) chain.add(clean_controls());
  if (ideographs) chain.add(blanks_around_ideographs());
  if (accents) {
    chain.add(unicode_form(UnicodeForm::nfd));
    chain.add(strip_nonspacing());
  }
  if (lower) chain.add(lower_case());
  return {};
}

}  // namespace

Status read_hf_normalizer(const JsonField& field, NormalizerChain& chain) {
  if (field.is_null()) return {};
  QUERN_TRY(const std::string_view type, field.at("type").as_string());
  if (type == "Sequence") {
    const JsonField list = field.at("normalizers");
    QUERN_TRY(const boost::json::array* const items, list.as_array());
    for (std::size_t i = 0; i < items->size(); ++i) QUERN_CHECK(read_hf_normalizer(list.at(i), chain));
    return {};
  }
  if (type == "NFC") return chain.add(unicode_form(UnicodeForm::nfc)), Status();
  if (type == "NFD") return chain.add(unicode_form(UnicodeForm::nfd)), Status();
  if (type == "NFKC") return chain.add(unicode_form(UnicodeForm::nfkc)), Status();
  if (type == "NFKD") return chain.add(unicode_form(UnicodeForm::nfkd)), Status();
  if (type == "Lowercase") return chain.add(lower_case()), Status();
  if (type == "StripAccents") return chain.add(strip_marks()), Status();
  if (type == "Replace") return add_replace(field, chain);
  if (type == "Precompiled") return add_precompiled(field, chain);
  if (type == "BertNormalizer") return add_bert(field, chain);
  if (type == "Nmt") return chain.add(machine_translation_blanks()), Status();
  if (type == "ByteLevel") return chain.add(bytes_as_letters()), Status();
  if (type == "Prepend") {
    QUERN_TRY(const std::string_view text, field.at("prepend").as_string());
    chain.add(prepend(std::string(text)));
    return {};
  }
  if (type == "Strip") {
    QUERN_TRY(const bool left, field.at("strip_left").bool_or(true));
    QUERN_TRY(const bool right, field.at("strip_right").bool_or(true));
    chain.add(strip_blanks(left, right));
    return {};
  }
  return fail(Errc::unsupported, "{}.type: found '{}', supported: {}", field.path(), type, kNormalizers);
}

}  // namespace quern::engine

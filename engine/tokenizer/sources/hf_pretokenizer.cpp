#include "engine/tokenizer/escaped_space.hpp"
#include "engine/tokenizer/pretokenizer_table.hpp"
#include "engine/tokenizer/sources/hf_parts.hpp"

#include <utility>

namespace quern::engine {
namespace {

constexpr char kPretokenizers[] =
    "Sequence, Split, ByteLevel, Digits, Punctuation, Metaspace, Whitespace, WhitespaceSplit, BertPreTokenizer, "
    "CharDelimiterSplit, FixedLength";
// "\w+|[^\w\s]+" as Unicode's regular expressions (UTS 18, annex C) read it
constexpr char kWords[] =
    "[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{200C}\\x{200D}]+|[^\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{200C}\\x{200D}"
    "\\t-\\r\\x20\\x{85}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{3000}]+";

Result<SplitBehavior> read_behavior(const JsonField& field, SplitBehavior fallback, bool required) {
  if (field.is_null() && !required) return fallback;
  QUERN_TRY(const std::string_view name, field.as_string());
  if (const std::optional<SplitBehavior> found = split_behavior_named(name)) return *found;
  return fail(Errc::unsupported, "{}: found '{}', supported: {}", field.path(), name, kSplitBehaviors);
}

// One character. Errors: corrupt.
Result<CodePoint> read_character(const JsonField& field) {
  QUERN_TRY(const std::string_view text, field.as_string());
  std::size_t size = 0;
  if (text.empty()) return field.wrong("one character");
  const CodePoint out = front_character(text, size);
  if (size != text.size()) return field.wrong("one character");
  return out;
}

class Reader {
 public:
  explicit Reader(HfPretokenizer& out) : out_(out) {}

  Status read(const JsonField& field) {
    QUERN_TRY(const std::string_view type, field.at("type").as_string());
    if (type == "Sequence") {
      const JsonField list = field.at("pretokenizers");
      QUERN_TRY(const boost::json::array* const items, list.as_array());
      for (std::size_t i = 0; i < items->size(); ++i) QUERN_CHECK(read(list.at(i)));
      return {};
    }
    if (std::exchange(out_.ends_in_letters, false)) add(pieces_as_letters());
    return read_one(field, type);
  }

 private:
  void add(PretokenizerStepPtr step) { out_.steps.push_back(std::move(step)); }

  Status read_one(const JsonField& field, std::string_view type) {
    if (type == "ByteLevel") return read_byte_level(field);
    if (type == "Split") return read_split(field);
    if (type == "Metaspace") return read_metaspace(field);
    if (type == "WhitespaceSplit") return add(split_at_characters(is_white_space, SplitBehavior::removed)), Status();
    if (type == "BertPreTokenizer") {
      add(split_at_characters(is_white_space, SplitBehavior::removed));
      add(split_at_characters(is_punctuation, SplitBehavior::isolated));
      return {};
    }
    if (type == "Digits") {
      QUERN_TRY(const bool single, field.at("individual_digits").bool_or(false));
      add(split_at_characters(is_numeric, single ? SplitBehavior::isolated : SplitBehavior::contiguous));
      return {};
    }
    if (type == "Punctuation") {
      QUERN_TRY(const SplitBehavior behavior, read_behavior(field.at("behavior"), SplitBehavior::isolated, false));
      add(split_at_characters(is_punctuation, behavior));
      return {};
    }
    if (type == "Whitespace") {
      QUERN_TRY(TextPattern pattern, TextPattern::compile(field.path(), kWords));
      add(split_at_pattern(std::move(pattern), SplitBehavior::removed, true));
      return {};
    }
    if (type == "CharDelimiterSplit") {
      QUERN_TRY(const CodePoint delimiter, read_character(field.at("delimiter")));
      add(split_at_character(delimiter, SplitBehavior::removed));
      return {};
    }
    if (type == "FixedLength") return read_length(field);
    return fail(Errc::unsupported, "{}.type: found '{}', supported: {}", field.path(), type, kPretokenizers);
  }

  Status read_length(const JsonField& field) {
    const JsonField length = field.at("length");
    std::int64_t n_characters = 5;
    if (!length.is_null()) {
      QUERN_TRY(n_characters, length.as_int());
    }
    if (n_characters < 1 || n_characters > INT32_MAX) return length.wrong("1 or more");
    add(split_by_length(static_cast<std::uint32_t>(n_characters)));
    return {};
  }

  Status read_byte_level(const JsonField& field) {
    QUERN_TRY(const bool prefix, field.at("add_prefix_space").bool_or(true));
    QUERN_TRY(const bool use_regex, field.at("use_regex").bool_or(true));
    if (prefix) add(prefix_pieces(" ", PrefixScheme::always));
    if (use_regex) {
      QUERN_TRY(TextPattern pattern, TextPattern::compile(field.path(), find_pretokenizer("gpt-2")->patterns[0]));
      add(split_at_pattern(std::move(pattern), SplitBehavior::isolated, false));
    }
    out_.ends_in_letters = true;
    return {};
  }

  Status read_split(const JsonField& field) {
    const JsonField pattern = field.at("pattern");
    std::string source;
    if (pattern.at("Regex").is_string()) {
      QUERN_TRY(const std::string_view regex, pattern.at("Regex").as_string());
      QUERN_TRY(source, translate_hf_regex(regex, pattern.path()));
    } else {
      QUERN_TRY(const std::string_view text, pattern.at("String").as_string());
      source = quote_for_regex(text);
    }
    QUERN_TRY(const bool inverted, field.at("invert").bool_or(false));
    QUERN_TRY(const SplitBehavior behavior, read_behavior(field.at("behavior"), SplitBehavior::isolated, true));
    QUERN_TRY(TextPattern compiled, TextPattern::compile(field.path(), source));
    add(split_at_pattern(std::move(compiled), behavior, inverted));
    return {};
  }

  Status read_metaspace(const JsonField& field) {
    const JsonField replacement = field.at("replacement");
    CodePoint blank = 0x2581;
    if (!replacement.is_null()) {
      QUERN_TRY(blank, read_character(replacement));
    }
    QUERN_TRY(const PrefixScheme scheme, read_hf_prefix_scheme(field));
    QUERN_TRY(const bool split, field.at("split").bool_or(true));
    std::string prefix;
    append_character(blank, prefix);
    add(replace_blanks(blank));
    if (scheme != PrefixScheme::never) add(prefix_pieces(std::move(prefix), scheme));
    if (split) add(split_at_character(blank, SplitBehavior::merged_with_next));
    return {};
  }

  HfPretokenizer& out_;
};

}  // namespace

Result<PrefixScheme> read_hf_prefix_scheme(const JsonField& field) {
  QUERN_TRY(const bool old_prefix, field.at("add_prefix_space").bool_or(true));  // of files before prepend_scheme
  const JsonField scheme = field.at("prepend_scheme");
  if (scheme.is_null()) return old_prefix ? PrefixScheme::always : PrefixScheme::never;
  QUERN_TRY(const std::string_view name, scheme.as_string());
  if (!old_prefix && name != "never") return scheme.wrong("\"never\", as add_prefix_space says");
  if (name == "always") return PrefixScheme::always;
  if (name == "first") return PrefixScheme::first;
  if (name == "never") return PrefixScheme::never;
  return fail(Errc::unsupported, "{}: found '{}', supported: always, first, never", scheme.path(), name);
}

Result<HfPretokenizer> read_hf_pretokenizer(const JsonField& field) {
  HfPretokenizer out;
  if (field.is_null()) return out;
  Reader reader(out);
  QUERN_CHECK(reader.read(field));
  return out;
}

}  // namespace quern::engine

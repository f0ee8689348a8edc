#include "engine/tokenizer/escaped_space.hpp"
#include "engine/tokenizer/sources/hf_parts.hpp"

#include <fmt/format.h>

namespace quern::engine {
namespace {

constexpr char kKnown[] =
    "Sequence, Split, ByteLevel, Digits, Punctuation, Metaspace, WhitespaceSplit, BertPreTokenizer";
constexpr char kPunctuation[] = "[\\p{P}!-/:-@\\[-`{-~]";

class Reader {
 public:
  Reader(NormalizerChain& chain, HfPretokenizer& out) : chain_(chain), out_(out) {}

  Status read(const JsonField& field) {
    QUERN_TRY(const std::string_view type, field.at("type").as_string());
    if (type == "Sequence") {
      const JsonField list = field.at("pretokenizers");
      QUERN_TRY(const boost::json::array* const items, list.as_array());
      for (std::size_t i = 0; i < items->size(); ++i) QUERN_CHECK(read(list.at(i)));
      return {};
    }
    QUERN_CHECK(read_one(field, type));
    ++n_read_;
    return {};
  }

  Status finish(const JsonField& field) const {
    if (split_at_blanks_ && !metaspace_)
      return fail(Errc::unsupported, "{}: WhitespaceSplit is supported before Metaspace only", field.path());
    return {};
  }

 private:
  Status read_one(const JsonField& field, std::string_view type) {
    if (type == "ByteLevel") return read_byte_level(field);
    if (type == "Split") return read_split(field);
    if (type == "Metaspace") return read_metaspace(field);
    if (type == "BertPreTokenizer") {
      out_.bert = true;
      return {};
    }
    if (type == "WhitespaceSplit") {
      if (n_read_ > 0) return not_first(field, type);
      split_at_blanks_ = true;
      chain_.add(blanks_between_words());
      return {};
    }
    if (type == "Digits") {
      QUERN_TRY(const bool single, field.at("individual_digits").bool_or(false));
      // Behind ByteLevel the text is bytes, and only ASCII digits still look like digits.
      out_.patterns.emplace_back(single ? (out_.byte_level ? "[0-9]" : "\\p{N}")
                                        : (out_.byte_level ? "[0-9]+" : "\\p{N}+"));
      return {};
    }
    if (type == "Punctuation") return add_split(kPunctuation, field.at("behavior"), "Isolated", field);
    return fail(Errc::unsupported, "{}.type: found '{}', supported: {}", field.path(), type, kKnown);
  }

  static Error not_first(const JsonField& field, std::string_view what) {
    return fail(Errc::unsupported, "{}: {} is supported as the first pre-tokenizer only", field.path(), what);
  }

  Status read_byte_level(const JsonField& field) {
    QUERN_TRY(const bool prefix, field.at("add_prefix_space").bool_or(true));
    QUERN_TRY(const bool use_regex, field.at("use_regex").bool_or(true));
    if (prefix) {
      if (n_read_ > 0) return not_first(field, "add_prefix_space");
      chain_.add(prepend(" ", Prefix::unless_there));
    }
    if (use_regex) out_.patterns.emplace_back(find_pretokenizer("gpt-2")->patterns[0]);
    out_.byte_level = true;
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
      if (text.empty()) return {};
      source = quote_for_regex(text);
    }
    QUERN_TRY(const bool inverted, field.at("invert").bool_or(false));
    QUERN_TRY(const std::string_view behavior, field.at("behavior").as_string());
    if (inverted) {
      // Cutting out what does not match, and dropping it: expressions written this way match everything.
      if (behavior != "Removed" && behavior != "Isolated")
        return fail(Errc::unsupported, "{}.behavior: found '{}' with invert, supported: Removed, Isolated",
                    field.path(), behavior);
      out_.patterns.push_back(std::move(source));
      return {};
    }
    return add_split(source, field.at("behavior"), "", field);
  }

  // What HF does with a match, as an expression whose whole matches are the pieces.
  Status add_split(const std::string& source, const JsonField& behavior, std::string_view fallback,
                   const JsonField& field) {
    QUERN_TRY(const std::string_view name,
              behavior.is_null() && !fallback.empty() ? Result<std::string_view>(fallback) : behavior.as_string());
    if (name == "Isolated")
      out_.patterns.push_back(source);
    else if (name == "Contiguous")
      out_.patterns.push_back(fmt::format("(?:{})+", source));
    else if (name == "MergedWithPrevious")  // or up to the end: or a text without a match would be tried at each place
      out_.patterns.push_back(fmt::format("(?s:(?:(?!{0}).)*+)(?:{0}|\\z)", source));
    else if (name == "MergedWithNext")
      out_.patterns.push_back(fmt::format("(?:{0})(?s:(?:(?!{0}).)*+)", source));
    else
      return fail(Errc::unsupported,
                  "{}.behavior: found '{}', supported: Isolated, Contiguous, MergedWithPrevious, MergedWithNext",
                  field.path(), name);
    return {};
  }

  Status read_metaspace(const JsonField& field) {
    QUERN_TRY(const std::string_view blank, field.at("replacement").is_null() ? Result<std::string_view>(kEscapedSpace)
                                                                              : field.at("replacement").as_string());
    if (blank != kEscapedSpace) return field.at("replacement").wrong("U+2581");
    QUERN_TRY(const bool split, field.at("split").bool_or(true));
    QUERN_TRY(const bool old_prefix, field.at("add_prefix_space").bool_or(true));  // files before prepend_scheme
    const JsonField scheme_field = field.at("prepend_scheme");
    std::string_view scheme = old_prefix ? "always" : "never";
    if (!scheme_field.is_null()) {
      QUERN_TRY(scheme, scheme_field.as_string());
    }
    if (n_read_ > (split_at_blanks_ ? 1 : 0)) return not_first(field, "Metaspace");
    chain_.add(replace_text(" ", std::string(kEscapedSpace)));
    if (scheme == "always")
      chain_.add(prepend(std::string(kEscapedSpace), Prefix::unless_there));
    else if (scheme == "first" && !split_at_blanks_)
      chain_.add(prepend(std::string(kEscapedSpace), Prefix::unless_there_at_start));
    else if (scheme != "never" || split_at_blanks_)
      return fail(Errc::unsupported, "{}: found '{}'{}, supported: always, first, never", scheme_field.path(), scheme,
                  split_at_blanks_ ? " after WhitespaceSplit" : "");
    if (split) out_.patterns.emplace_back("\\x{2581}[^\\x{2581}]*");
    metaspace_ = true;
    return {};
  }

  NormalizerChain& chain_;
  HfPretokenizer& out_;
  int n_read_ = 0;
  bool split_at_blanks_ = false;
  bool metaspace_ = false;
};

}  // namespace

Result<HfPretokenizer> read_hf_pretokenizer(const JsonField& field, NormalizerChain& chain) {
  HfPretokenizer out;
  if (field.is_null()) return out;
  Reader reader(chain, out);
  QUERN_CHECK(reader.read(field));
  QUERN_CHECK(reader.finish(field));
  return out;
}

}  // namespace quern::engine

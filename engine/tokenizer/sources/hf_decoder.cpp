#include "engine/tokenizer/sources/hf_parts.hpp"
#include "engine/tokenizer/unicode_class.hpp"

#include <utility>

namespace quern::engine {
namespace {

constexpr char kDecoders[] =
    "Sequence, ByteLevel, Metaspace, WordPiece, BPEDecoder, ByteFallback, Fuse, Replace, Strip";

class Reader {
 public:
  explicit Reader(TokenDecoder& out) : out_(out) {}

  Status read(const JsonField& field) {
    QUERN_TRY(const std::string_view type, field.at("type").as_string());
    if (type == "Sequence") {
      const JsonField list = field.at("decoders");
      QUERN_TRY(const boost::json::array* const items, list.as_array());
      for (std::size_t i = 0; i < items->size(); ++i) QUERN_CHECK(read(list.at(i)));
      return {};
    }
    if (type == "Fuse") {
      fused_ = true;
      return {};
    }
    if (type == "ByteFallback") {
      if (fused_) return too_late(field, type);
      out_.joins_bytes = true;
      return {};
    }
    if (type == "Replace") return read_replace(field);
    if (type == "Strip") return read_strip(field);
    if (fused_ || out_.joins_bytes) return too_late(field, type);  // what follows would see other tokens
    if (type == "ByteLevel") {
      out_.add(letters_to_bytes());
      out_.repairs_utf8 = fused_ = true;
      return {};
    }
    if (type == "Metaspace") return read_metaspace(field);
    if (type == "WordPiece") return read_word_piece(field);
    if (type == "BPEDecoder") return read_end_words(field);
    return fail(Errc::unsupported, "{}.type: found '{}', supported: {}", field.path(), type, kDecoders);
  }

 private:
  static Error too_late(const JsonField& field, std::string_view type) {
    return fail(Errc::unsupported, "{}: {} is supported before ByteFallback, ByteLevel and Fuse only", field.path(),
                type);
  }

  Status read_replace(const JsonField& field) {
    QUERN_TRY(const std::string_view to, field.at("content").as_string());
    const JsonField pattern = field.at("pattern");
    if (pattern.at("Regex").is_string()) {
      if (fused_ || out_.joins_bytes) return too_late(field, "Replace");
      QUERN_TRY(const std::string_view regex, pattern.at("Regex").as_string());
      QUERN_TRY(const std::string source, translate_hf_regex(regex, pattern.path()));
      QUERN_TRY(TextPattern compiled, TextPattern::compile(field.path(), source));
      out_.add(replace_in_token(std::move(compiled), std::string(to)));
      return {};
    }
    QUERN_TRY(const std::string_view from, pattern.at("String").as_string());
    if (from.empty()) return pattern.at("String").wrong("a text");
    std::size_t first = 0;
    front_character(from, first);
    // One character is the same in a token and in what tokens are fused to; bytes that make it up are not.
    if ((fused_ && first != from.size()) || out_.joins_bytes || out_.strips_blank) return too_late(field, "Replace");
    out_.add(replace_in_token(std::string(from), std::string(to)));
    return {};
  }

  Status read_strip(const JsonField& field) {
    QUERN_TRY(const std::string_view content, field.at("content").as_string());
    QUERN_TRY(const std::int64_t start, field.at("start").as_int());
    QUERN_TRY(const std::int64_t stop, field.at("stop").as_int());
    if (start < 0 || stop < 0) return field.wrong("start and stop of 0 or more");
    std::size_t size = 0;
    if (content.empty() || (front_character(content, size), size != content.size()))
      return field.at("content").wrong("one character");
    if (!fused_) {
      if (out_.joins_bytes) return too_late(field, "Strip");
      out_.add(strip_token(std::string(content), static_cast<std::size_t>(start), static_cast<std::size_t>(stop)));
      return {};
    }
    if (content != " " || start > 1 || stop != 0 || (start == 1 && out_.strips_blank))
      return fail(Errc::unsupported, "{}: strips '{}' {} and {} times, supported behind Fuse: one blank at the start",
                  field.path(), content, start, stop);
    out_.strips_blank = out_.strips_blank || start == 1;
    return {};
  }

  Status read_metaspace(const JsonField& field) {
    QUERN_TRY(const std::string_view replacement, field.at("replacement").is_null()
                                                      ? Result<std::string_view>("\u2581")
                                                      : field.at("replacement").as_string());
    if (replacement.empty()) return field.at("replacement").wrong("one character");
    QUERN_TRY(const PrefixScheme scheme, read_hf_prefix_scheme(field));
    const bool drops = scheme != PrefixScheme::never;
    out_.add(blank_for(std::string(replacement), drops));
    out_.first_is_apart = out_.first_is_apart || drops;
    return {};
  }

  Status read_word_piece(const JsonField& field) {
    QUERN_TRY(const std::string_view prefix,
              field.at("prefix").is_null() ? Result<std::string_view>("##") : field.at("prefix").as_string());
    QUERN_TRY(const bool cleans, field.at("cleanup").bool_or(true));
    out_.add(join_words(std::string(prefix), cleans));
    out_.first_is_apart = true;
    return {};
  }

  Status read_end_words(const JsonField& field) {
    QUERN_TRY(const std::string_view suffix,
              field.at("suffix").is_null() ? Result<std::string_view>("</w>") : field.at("suffix").as_string());
    if (suffix.empty()) return field.at("suffix").wrong("a text");
    out_.add(end_words(std::string(suffix)));
    return {};
  }

  TokenDecoder& out_;
  bool fused_ = false;
};

}  // namespace

Result<TokenDecoder> read_hf_decoder(const JsonField& field) {
  TokenDecoder out;
  if (field.is_null()) {
    out.add(blanks_between_tokens());
    out.first_is_apart = true;
    return out;
  }
  Reader reader(out);
  QUERN_CHECK(reader.read(field));
  return out;
}

}  // namespace quern::engine

#include "engine/tokenizer/escaped_space.hpp"
#include "engine/tokenizer/sources/hf_parts.hpp"

namespace quern::engine {
namespace {

constexpr char kKnown[] = "Sequence, ByteLevel, Metaspace, WordPiece, ByteFallback, Fuse, Replace, Strip";

// Escaped blanks to blanks is what our detokenizer does anyway; any other replacement is none of its own.
Status check_replace(const JsonField& field) {
  QUERN_TRY(const std::string_view from, field.at("pattern").at("String").as_string());
  QUERN_TRY(const std::string_view to, field.at("content").as_string());
  if (from != kEscapedSpace || to != " ")
    return fail(Errc::unsupported, "{}: replaces '{}' by '{}', supported: U+2581 by a blank", field.path(), from, to);
  return {};
}

Status read(const JsonField& field, HfDecoder& out) {
  QUERN_TRY(const std::string_view type, field.at("type").as_string());
  if (type == "Sequence") {
    const JsonField list = field.at("decoders");
    QUERN_TRY(const boost::json::array* const items, list.as_array());
    for (std::size_t i = 0; i < items->size(); ++i) QUERN_CHECK(read(list.at(i), out));
    return {};
  }
  if (type == "ByteLevel" || type == "ByteFallback" || type == "Fuse") return {};
  if (type == "Replace") return check_replace(field);
  if (type == "Metaspace") {
    const JsonField scheme = field.at("prepend_scheme");
    QUERN_TRY(const bool old_prefix, field.at("add_prefix_space").bool_or(true));
    if (scheme.is_null()) {
      out.strips_blank = old_prefix;
    } else {
      QUERN_TRY(const std::string_view name, scheme.as_string());
      out.strips_blank = name != "never";
    }
    return {};
  }
  if (type == "WordPiece") {
    QUERN_TRY(out.clean_spaces, field.at("cleanup").bool_or(true));
    out.strips_blank = true;
    return {};
  }
  if (type == "Strip") {
    QUERN_TRY(const std::string_view content, field.at("content").as_string());
    QUERN_TRY(const std::int64_t start, field.at("start").as_int());
    QUERN_TRY(const std::int64_t stop, field.at("stop").as_int());
    if (content != " " || start < 0 || start > 1 || stop != 0)
      return fail(Errc::unsupported, "{}: strips '{}' {} and {} times, supported: one blank at the start", field.path(),
                  content, start, stop);
    out.strips_blank = out.strips_blank || start == 1;
    return {};
  }
  return fail(Errc::unsupported, "{}.type: found '{}', supported: {}", field.path(), type, kKnown);
}

}  // namespace

Result<HfDecoder> read_hf_decoder(const JsonField& field) {
  HfDecoder out;
  if (!field.is_null()) QUERN_CHECK(read(field, out));
  return out;
}

}  // namespace quern::engine

#include "engine/tokenizer/escaped_space.hpp"
#include "engine/tokenizer/sources/hf_parts.hpp"

#include <optional>

namespace quern::engine {
namespace {

constexpr char kKnown[] = "Sequence, TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel";

// One special token may stand before the text and one behind it.
struct Frame {
  std::optional<std::string_view> before, after;
};

Status set_frame(const Frame& frame, const JsonField& field, const Vocabulary& vocabulary, OwnSpecials& own) {
  const auto find = [&](std::string_view text) -> Result<TokenId> {
    TokenId id = vocabulary.find(text);
    if (id == kNoToken) id = vocabulary.find(std::string(kEscapedSpace).append(text));  // of WordPiece
    if (id == kNoToken) return fail(Errc::corrupt, "{}: '{}' is no token of the vocabulary", field.path(), text);
    return id;
  };
  own.add_bos = frame.before.has_value();
  own.add_eos = frame.after.has_value();
  if (frame.before) {
    QUERN_TRY(own.ids.bos, find(*frame.before));
  }
  if (frame.after) {
    QUERN_TRY(own.ids.eos, find(*frame.after));
  }
  return {};
}

Status read_template(const JsonField& field, const Vocabulary& vocabulary, OwnSpecials& own) {
  const JsonField single = field.at("single");
  QUERN_TRY(const boost::json::array* const items, single.as_array());
  Frame frame;
  bool seen_text = false;
  for (std::size_t i = 0; i < items->size(); ++i) {
    const JsonField item = single.at(i);
    if (item.at("Sequence").is_object()) {
      if (seen_text) return fail(Errc::unsupported, "{}: the text occurs twice, supported: once", single.path());
      seen_text = true;
      continue;
    }
    QUERN_TRY(const std::string_view text, item.at("SpecialToken").at("id").as_string());
    std::optional<std::string_view>& side = seen_text ? frame.after : frame.before;
    if (side)
      return fail(Errc::unsupported, "{}: '{}' is the second special token {} the text, supported: one", item.path(),
                  text, seen_text ? "after" : "before");
    side = text;
  }
  if (!seen_text) return single.wrong("a template with the text in it");
  return set_frame(frame, single, vocabulary, own);
}

// "sep": ["[SEP]", 102], "cls": ["[CLS]", 101]
Status read_pair(const JsonField& field, const Vocabulary& vocabulary, OwnSpecials& own) {
  Frame frame;
  QUERN_TRY(frame.before, field.at("cls").at(std::size_t{0}).as_string());
  QUERN_TRY(frame.after, field.at("sep").at(std::size_t{0}).as_string());
  return set_frame(frame, field, vocabulary, own);
}

}  // namespace

Status read_hf_post_processor(const JsonField& field, const Vocabulary& vocabulary, OwnSpecials& own) {
  if (field.is_null()) return {};
  QUERN_TRY(const std::string_view type, field.at("type").as_string());
  if (type == "Sequence") {
    const JsonField list = field.at("processors");
    QUERN_TRY(const boost::json::array* const items, list.as_array());
    for (std::size_t i = 0; i < items->size(); ++i) QUERN_CHECK(read_hf_post_processor(list.at(i), vocabulary, own));
    return {};
  }
  if (type == "ByteLevel") return {};  // offsets only
  if (type == "TemplateProcessing") return read_template(field, vocabulary, own);
  if (type == "BertProcessing" || type == "RobertaProcessing") return read_pair(field, vocabulary, own);
  return fail(Errc::unsupported, "{}.type: found '{}', supported: {}", field.path(), type, kKnown);
}

}  // namespace quern::engine

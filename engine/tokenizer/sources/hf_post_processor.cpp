#include "engine/tokenizer/escaped_space.hpp"
#include "engine/tokenizer/sources/hf_parts.hpp"

#include <optional>
#include <vector>

namespace quern::engine {
namespace {

constexpr char kKnown[] = "Sequence, TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel";

constexpr std::size_t kMaxSide = 64;

// The special tokens before the text and behind it: the first of each side is BOS or EOS, the others follow it.
struct Frame {
  std::vector<std::string_view> before, after;
};

Status set_frame(const Frame& frame, const JsonField& field, const Vocabulary& vocabulary, OwnSpecials& own) {
  const auto find = [&](std::string_view text) -> Result<TokenId> {
    TokenId id = vocabulary.find(text);
    if (id == kNoToken) id = vocabulary.find(std::string(kEscapedSpace).append(text));  // of WordPiece
    if (id == kNoToken) return fail(Errc::corrupt, "{}: '{}' is no token of the vocabulary", field.path(), text);
    return id;
  };
  const auto set_side = [&](const std::vector<std::string_view>& side, std::optional<bool>& add, TokenId& first,
                            std::vector<TokenId>& others) -> Status {
    add = !side.empty();
    others.clear();
    for (std::size_t i = 0; i < side.size(); ++i) {
      QUERN_TRY(const TokenId id, find(side[i]));
      if (i == 0)
        first = id;
      else
        others.push_back(id);
    }
    return {};
  };
  QUERN_CHECK(set_side(frame.before, own.add_bos, own.ids.bos, own.after_bos));
  return set_side(frame.after, own.add_eos, own.ids.eos, own.after_eos);
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
    std::vector<std::string_view>& side = seen_text ? frame.after : frame.before;
    if (side.size() >= kMaxSide)
      return fail(Errc::unsupported, "{}: '{}' is one special token too many {} the text, at most {}", item.path(),
                  text, seen_text ? "after" : "before", kMaxSide);
    side.push_back(text);
  }
  if (!seen_text) return single.wrong("a template with the text in it");
  return set_frame(frame, single, vocabulary, own);
}

// "sep": ["[SEP]", 102], "cls": ["[CLS]", 101]
Status read_pair(const JsonField& field, const Vocabulary& vocabulary, OwnSpecials& own) {
  QUERN_TRY(const std::string_view before, field.at("cls").at(std::size_t{0}).as_string());
  QUERN_TRY(const std::string_view after, field.at("sep").at(std::size_t{0}).as_string());
  return set_frame({{before}, {after}}, field, vocabulary, own);
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

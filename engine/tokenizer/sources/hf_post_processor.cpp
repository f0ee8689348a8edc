#include "engine/tokenizer/sources/hf_parts.hpp"

#include <optional>
#include <vector>

namespace quern::engine {
namespace {

constexpr char kPostProcessors[] = "Sequence, TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel";

constexpr std::size_t kMaxSide = 64;

// The special tokens before the text and behind it.
struct Frame {
  std::vector<TokenId> before, after;
};

Status append(std::vector<TokenId>& side, TokenId id, const JsonField& field) {
  if (side.size() >= kMaxSide)
    return fail(Errc::unsupported, "{}: one special token too many on a side of the text, at most {}", field.path(),
                kMaxSide);
  side.push_back(id);
  return {};
}

Result<TokenId> read_id(const JsonField& field, const Vocabulary& vocabulary) {
  QUERN_TRY(const std::int64_t id, field.as_int());
  if (!vocabulary.contains(id))
    return fail(Errc::corrupt, "{}: token {}, but the vocabulary has {}", field.path(), id, vocabulary.size());
  return static_cast<TokenId>(id);
}

// {"id": "[CLS]"} names one of special_tokens, which has the ids; files without such a list mean the token's text.
Status append_named(const JsonField& named, const JsonField& processor, const Vocabulary& vocabulary,
                    std::vector<TokenId>& side) {
  QUERN_TRY(const std::string_view name, named.at("id").as_string());
  const JsonField known = processor.at("special_tokens").at(name);
  if (known.is_object()) {
    const JsonField ids = known.at("ids");
    QUERN_TRY(const boost::json::array* const list, ids.as_array());
    for (std::size_t i = 0; i < list->size(); ++i) {
      QUERN_TRY(const TokenId id, read_id(ids.at(i), vocabulary));
      QUERN_CHECK(append(side, id, named));
    }
    return {};
  }
  const TokenId id = vocabulary.find(name);
  if (id == kNoToken) return fail(Errc::corrupt, "{}: '{}' is no token of the vocabulary", named.path(), name);
  return append(side, id, named);
}

Status read_template(const JsonField& field, const Vocabulary& vocabulary, Frame& frame) {
  const JsonField single = field.at("single");
  QUERN_TRY(const boost::json::array* const items, single.as_array());
  bool seen_text = false;
  for (std::size_t i = 0; i < items->size(); ++i) {
    const JsonField item = single.at(i);
    if (item.at("Sequence").is_object()) {
      if (seen_text) return fail(Errc::unsupported, "{}: the text occurs twice, supported: once", single.path());
      seen_text = true;
      continue;
    }
    QUERN_CHECK(append_named(item.at("SpecialToken"), field, vocabulary, seen_text ? frame.after : frame.before));
  }
  return seen_text ? Status() : Status(single.wrong("a template with the text in it"));
}

// "sep": ["[SEP]", 102], "cls": ["[CLS]", 101]
Status read_pair(const JsonField& field, const Vocabulary& vocabulary, Frame& frame) {
  QUERN_TRY(const TokenId before, read_id(field.at("cls").at(std::size_t{1}), vocabulary));
  QUERN_TRY(const TokenId after, read_id(field.at("sep").at(std::size_t{1}), vocabulary));
  frame = {{before}, {after}};
  return {};
}

// Each of a sequence puts its tokens around what the ones before it made. seen: some processor says what stands there.
Status read(const JsonField& field, const Vocabulary& vocabulary, Frame& frame, bool& seen) {
  QUERN_TRY(const std::string_view type, field.at("type").as_string());
  if (type == "Sequence") {
    const JsonField list = field.at("processors");
    QUERN_TRY(const boost::json::array* const items, list.as_array());
    for (std::size_t i = 0; i < items->size(); ++i) QUERN_CHECK(read(list.at(i), vocabulary, frame, seen));
    return {};
  }
  if (type == "ByteLevel") return {};  // offsets only
  Frame outer;
  if (type == "TemplateProcessing") {
    QUERN_CHECK(read_template(field, vocabulary, outer));
  } else if (type == "BertProcessing" || type == "RobertaProcessing") {
    QUERN_CHECK(read_pair(field, vocabulary, outer));
  } else {
    return fail(Errc::unsupported, "{}.type: found '{}', supported: {}", field.path(), type, kPostProcessors);
  }
  seen = true;
  frame.before.insert(frame.before.begin(), outer.before.begin(), outer.before.end());
  frame.after.insert(frame.after.end(), outer.after.begin(), outer.after.end());
  if (frame.before.size() <= kMaxSide && frame.after.size() <= kMaxSide) return {};
  return fail(Errc::unsupported, "{}: more than {} special tokens on a side of the text", field.path(), kMaxSide);
}

void set_side(const std::vector<TokenId>& side, std::optional<bool>& add, TokenId& first,
              std::vector<TokenId>& others) {
  add = !side.empty();
  if (side.empty()) return;
  first = side.front();
  others.assign(side.begin() + 1, side.end());
}

}  // namespace

Status read_hf_post_processor(const JsonField& field, const Vocabulary& vocabulary, OwnSpecials& own) {
  if (field.is_null()) return {};
  Frame frame;
  bool seen = false;
  QUERN_CHECK(read(field, vocabulary, frame, seen));
  if (!seen) return {};
  set_side(frame.before, own.add_bos, own.ids.bos, own.after_bos);
  set_side(frame.after, own.add_eos, own.ids.eos, own.after_eos);
  return {};
}

}  // namespace quern::engine

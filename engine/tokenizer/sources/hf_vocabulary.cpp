#include "engine/tokenizer/sources/hf_parts.hpp"

#include <algorithm>

namespace quern::engine {
namespace {

// Gaps between ids cost memory: a file may leave some, but not make a few entries look like millions.
constexpr std::int64_t kGaps = 65536;

struct Entry {
  std::string_view text;
  std::int64_t id = 0;
  double score = 0;
};

Result<std::vector<Entry>> read_map(const JsonField& vocab) {
  QUERN_TRY(const boost::json::object* const object, vocab.as_object());
  std::vector<Entry> out;
  out.reserve(object->size());
  for (const auto& [text, id] : *object) {
    if (!id.is_int64()) return vocab.at(text).wrong("an integer");
    out.push_back({{text.data(), text.size()}, id.get_int64()});
  }
  return out;
}

Result<std::vector<Entry>> read_scored(const JsonField& vocab) {
  QUERN_TRY(const boost::json::array* const array, vocab.as_array());
  std::vector<Entry> out;
  out.reserve(array->size());
  for (std::size_t i = 0; i < array->size(); ++i) {
    const boost::json::array* const pair = (*array)[i].if_array();
    const bool good = pair != nullptr && pair->size() == 2 && (*pair)[0].is_string() && (*pair)[1].is_number();
    if (!good) return vocab.at(i).wrong("a text and its score");
    const boost::json::string& text = (*pair)[0].get_string();
    out.push_back({{text.data(), text.size()}, static_cast<std::int64_t>(i), (*pair)[1].to_number<double>()});
  }
  return out;
}

class Builder {
 public:
  Builder(bool has_bytes, HfVocabulary& out) : has_bytes_(has_bytes), out_(out) {}

  Status add_all(const std::vector<Entry>& entries, const std::string& path) {
    std::int64_t last = -1;
    for (const Entry& entry : entries) last = std::max(last, entry.id);
    QUERN_CHECK(grow(last, static_cast<std::int64_t>(entries.size()), path));
    for (const Entry& entry : entries) {
      QUERN_CHECK(check_id(entry, path));
      const auto at = static_cast<std::size_t>(entry.id);
      if (taken_[at]) return fail(Errc::corrupt, "{}: token {} occurs twice, as '{}'", path, entry.id, entry.text);
      taken_[at] = true;
      out_.parts.texts[at] = entry.text;
      out_.in_model[at] = true;
      out_.scores[at] = entry.score;
      const bool is_byte = has_bytes_ && looks_like_byte(entry.text);
      out_.parts.kinds[at] = is_byte ? TokenKind::byte : TokenKind::normal;
    }
    return {};
  }

  Status add_special(const JsonField& field) {
    QUERN_TRY(const std::int64_t id, field.at("id").as_int());
    QUERN_TRY(const std::string_view text, field.at("content").as_string());
    HfAddedToken added;
    QUERN_TRY(added.token.special, field.at("special").bool_or(false));
    QUERN_TRY(added.token.strips_left, field.at("lstrip").bool_or(false));
    QUERN_TRY(added.token.strips_right, field.at("rstrip").bool_or(false));
    QUERN_TRY(added.token.single_word, field.at("single_word").bool_or(false));
    QUERN_TRY(added.normalized, field.at("normalized").bool_or(!added.token.special));
    if (text.empty()) return field.at("content").wrong("a text");
    QUERN_CHECK(grow(id, static_cast<std::int64_t>(out_.parts.texts.size()), field.path()));
    QUERN_CHECK(check_id({text, id}, field.path()));
    const auto at = static_cast<std::size_t>(id);
    if (taken_[at] && out_.parts.texts[at] != text)
      return fail(Errc::corrupt, "{}: token {} is '{}' and '{}'", field.path(), id, out_.parts.texts[at], text);
    taken_[at] = true;
    out_.parts.texts[at] = text;
    out_.parts.kinds[at] = added.token.special ? TokenKind::control : TokenKind::user_defined;
    added.token.id = static_cast<TokenId>(id);
    added.token.text = text;
    out_.added.push_back(std::move(added));
    return {};
  }

 private:
  static bool looks_like_byte(std::string_view text) noexcept {
    static constexpr std::string_view kHex = "0123456789ABCDEF";
    return text.size() == 6 && text.starts_with("<0x") && kHex.find(text[3]) != std::string_view::npos &&
           kHex.find(text[4]) != std::string_view::npos && text[5] == '>';
  }

  Status grow(std::int64_t last, std::int64_t n_entries, const std::string& path) {
    const auto most = std::min<std::int64_t>(2 * n_entries + kGaps, Vocabulary::kMaxTokens);
    if (last >= most) return fail(Errc::corrupt, "{}: token {}, expected ids below {}", path, last, most);
    if (last < static_cast<std::int64_t>(taken_.size())) return {};
    const auto size = static_cast<std::size_t>(last) + 1;
    taken_.resize(size);
    out_.parts.texts.resize(size);
    out_.in_model.resize(size);
    out_.scores.resize(size);
    out_.parts.kinds.resize(size, TokenKind::unused);
    return {};
  }
  static Status check_id(const Entry& entry, const std::string& path) {
    if (entry.id < 0)
      return fail(Errc::corrupt, "{}: token {} of '{}', expected 0 or more", path, entry.id, entry.text);
    return {};
  }

  bool has_bytes_;
  HfVocabulary& out_;
  std::vector<bool> taken_;
};

}  // namespace

Result<HfVocabulary> read_hf_vocabulary(const JsonField& root, HfModel model) {
  const JsonField vocab = root.at("model").at("vocab");
  QUERN_TRY(const std::vector<Entry> entries, model == HfModel::unigram ? read_scored(vocab) : read_map(vocab));
  HfVocabulary out;
  QUERN_TRY(const bool has_bytes, root.at("model").at("byte_fallback").bool_or(false));
  Builder builder(has_bytes, out);
  QUERN_CHECK(builder.add_all(entries, vocab.path()));
  const JsonField added = root.at("added_tokens");
  if (!added.is_null()) {
    QUERN_TRY(const boost::json::array* const list, added.as_array());
    for (std::size_t i = 0; i < list->size(); ++i) QUERN_CHECK(builder.add_special(added.at(i)));
  }
  if (model != HfModel::unigram) out.scores.clear();
  return out;
}

Result<MergeRules> read_hf_merges(const JsonField& model, const ModelTokens& tokens) {
  const JsonField merges = model.at("merges");
  QUERN_TRY(const boost::json::array* const list, merges.as_array());
  if (list->size() > MergeRules::kMaxMerges)
    return fail(Errc::corrupt, "{}: {} entries, at most {}", merges.path(), list->size(), MergeRules::kMaxMerges);
  const JsonField prefix = model.at("continuing_subword_prefix");
  QUERN_TRY(const std::string_view mark, prefix.is_null() ? Result<std::string_view>("") : prefix.as_string());
  std::vector<MergeRules::Pair> out;
  out.reserve(list->size());
  for (std::size_t i = 0; i < list->size(); ++i) {
    const boost::json::value& item = (*list)[i];
    std::string_view left, right;
    if (const boost::json::string* const text = item.if_string()) {
      const std::string_view whole(text->data(), text->size());
      const std::size_t blank = std::min(whole.find(' '), whole.size());
      left = whole.substr(0, blank);
      right = whole.substr(std::min(blank + 1, whole.size()));
    } else if (const boost::json::array* const pair = item.if_array();
               pair != nullptr && pair->size() == 2 && (*pair)[0].is_string() && (*pair)[1].is_string()) {
      left = {(*pair)[0].get_string().data(), (*pair)[0].get_string().size()};
      right = {(*pair)[1].get_string().data(), (*pair)[1].get_string().size()};
    }
    if (left.empty() || right.empty() || !right.starts_with(mark)) return merges.at(i).wrong("two texts");
    out.emplace_back(left, right);
  }
  MergeRules rules = MergeRules::create(out, tokens.vocabulary(), mark.size());
  if (!rules.has_extra()) return rules;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::string joined = std::string(out[i].first).append(out[i].second.substr(mark.size()));
    for (const std::string_view text : {out[i].first, out[i].second, std::string_view(joined)})
      if (tokens.find(text) == kNoToken)
        return fail(Errc::corrupt, "{}[{}]: '{}' is no token of the vocabulary", merges.path(), i, text);
  }
  return rules;
}

}  // namespace quern::engine

#include "engine/tokenizer/vocabulary_tokenizer.hpp"

#include "base/assert.hpp"
#include "engine/tokenizer/byte_alphabet.hpp"
#include "engine/tokenizer/escaped_space.hpp"

#include <algorithm>
#include <utility>

namespace quern::engine {
namespace {

bool is_special(TokenKind kind) noexcept {
  return kind == TokenKind::control || kind == TokenKind::unknown;
}

// Copies text, leaving out each blank before which drop(rest) holds; rest begins at the blank.
template <class Drop>
std::string without_blanks(std::string_view text, const Drop& drop) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] != ' ' || !drop(text.substr(i))) out.push_back(text[i]);
  return out;
}

bool before_punctuation(std::string_view rest) noexcept {
  return rest.size() > 1 && (rest[1] == '?' || rest[1] == '!' || rest[1] == '.' || rest[1] == ',');
}

bool before_contraction(std::string_view rest) noexcept {
  rest.remove_prefix(1);
  return rest.starts_with("'s") || rest.starts_with("'m") || rest.starts_with("'re") || rest.starts_with("'ve");
}

// " ' " -> "'"
std::string join_lone_apostrophes(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 3) == " ' ") {
      out.push_back('\'');
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

}  // namespace

Result<LoadedVocabulary> load_vocabulary(const gguf::GgufFile& file, const SpecialTokens& defaults) {
  QUERN_TRY(Vocabulary vocabulary, Vocabulary::load(file));
  QUERN_TRY(TokenRoles roles, assign_roles(file, defaults, vocabulary));
  QUERN_CHECK(SpecialSplitter::check(vocabulary));
  std::vector<Strip> strip = strip_rules(file, vocabulary);
  return LoadedVocabulary{std::move(vocabulary), std::move(roles), std::move(strip), nullptr};
}

VocabularyTokenizer::VocabularyTokenizer(Vocabulary vocabulary, TokenRoles roles, const TextRules& rules,
                                         std::span<const std::string> pieces)
    : vocabulary_(std::move(vocabulary)), roles_(std::move(roles)), rules_(rules) {
  QUERN_ASSERT(pieces.empty() || pieces.size() == vocabulary_.size());
  piece_end_.reserve(vocabulary_.size());
  for (std::uint32_t i = 0; i < vocabulary_.size(); ++i) {
    if (pieces.empty())
      append_piece(static_cast<TokenId>(i));
    else
      pieces_.append(pieces[i]);
    piece_end_.push_back(static_cast<std::uint32_t>(pieces_.size()));  // no piece is longer than its text: below 1 GiB
  }
}

void VocabularyTokenizer::append_piece(TokenId id) {
  const std::string_view text = vocabulary_.text(id);
  switch (vocabulary_.kind(id)) {
    case TokenKind::unknown:
    case TokenKind::control:
    case TokenKind::user_defined:
      pieces_.append(text);
      break;
    case TokenKind::normal:
      if (rules_.piece_form == PieceForm::byte_letters)
        append_bytes_of_letters(text, pieces_);
      else
        append_unescaped(text, pieces_);
      break;
    case TokenKind::byte:
      pieces_.push_back(static_cast<char>(vocabulary_.byte_value(id)));
      break;
    case TokenKind::unused:
      break;
  }
}

Result<std::vector<TokenId>> VocabularyTokenizer::encode(std::string_view text, EncodeOptions options) const {
  QUERN_ASSERT(text.size() < (std::size_t{1} << 29));  // escaped blanks triple the text; offsets are 31 bits wide
  std::vector<TokenId> out;
  out.reserve(text.size() / 3 + 2);
  if (options.add_special && roles_.ids.add_bos) {
    out.push_back(roles_.ids.bos);
    out.insert(out.end(), roles_.after_bos.begin(), roles_.after_bos.end());
  }
  QUERN_CHECK(encode_body(text, options.parse_special, out));
  if (options.add_special && roles_.ids.add_eos) {
    out.push_back(roles_.ids.eos);
    out.insert(out.end(), roles_.after_eos.begin(), roles_.after_eos.end());
  }
  if (options.add_special && roles_.ids.add_sep) out.push_back(roles_.ids.sep);
  return out;
}

StretchTokenizer::StretchTokenizer(LoadedVocabulary loaded, const TextRules& rules)
    : VocabularyTokenizer(std::move(loaded.vocabulary), std::move(loaded.roles), rules),
      splitter_(vocabulary(), std::move(loaded.strip), loaded.finds_user_defined),
      normalizer_(std::move(loaded.normalizer)) {}

Status StretchTokenizer::encode_body(std::string_view text, bool parse_special, std::vector<TokenId>& out) const {
  bool begins = true;
  Status status;
  splitter_.split(
      text, parse_special,
      [&](std::string_view ordinary) {
        if (!status) return;
        if (!normalizer_) {
          status = encode_text(ordinary, begins, out);
        } else if (const Result<std::string> normalized = normalizer_->apply(ordinary); normalized) {
          status = encode_text(*normalized, begins, out);
        } else {
          status = normalized.error();
        }
        begins = false;
      },
      [&](TokenId id) {
        out.push_back(id);
        begins = true;
      });
  return status;
}

bool VocabularyTokenizer::is_shown(TokenId id, bool show_special) const noexcept {
  return vocabulary_.contains(id) && (show_special || !is_special(vocabulary_.kind(id)));
}

std::string_view VocabularyTokenizer::piece_view(TokenId id, bool show_special) const noexcept {
  if (!is_shown(id, show_special)) return {};
  const auto index = static_cast<std::size_t>(id);
  const std::size_t begin = index == 0 ? 0 : piece_end_[index - 1];
  return std::string_view(pieces_).substr(begin, piece_end_[index] - begin);
}

std::string VocabularyTokenizer::piece(TokenId id, bool show_special) const {
  return std::string(piece_view(id, show_special));
}

std::string VocabularyTokenizer::decode(std::span<const TokenId> ids, bool show_special) const {
  std::string text;
  text.reserve(ids.size() * 4);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    std::string_view piece = piece_view(ids[i], show_special);
    if (i == 0 && rules_.add_space_prefix && piece.starts_with(' ')) piece.remove_prefix(1);
    text.append(piece);
  }
  if (rules_.clean_spaces) clean_up_spaces(text);
  return text;
}

TokenKind VocabularyTokenizer::kind(TokenId id) const noexcept {
  return vocabulary_.contains(id) ? vocabulary_.kind(id) : TokenKind::unused;
}

std::string_view VocabularyTokenizer::token_text(TokenId id) const noexcept {
  return vocabulary_.contains(id) ? vocabulary_.text(id) : std::string_view{};
}

bool VocabularyTokenizer::is_end_of_generation(TokenId id) const noexcept {
  return std::binary_search(roles_.ends_generation.begin(), roles_.ends_generation.end(), id);
}

void clean_up_spaces(std::string& text) {
  text = without_blanks(text, before_punctuation);
  text = join_lone_apostrophes(text);
  text = without_blanks(text, before_contraction);
}

}  // namespace quern::engine

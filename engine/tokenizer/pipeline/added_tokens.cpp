#include "engine/tokenizer/pipeline/added_tokens.hpp"

#include "engine/tokenizer/unicode_class.hpp"

#include <algorithm>
#include <utility>

namespace quern::engine {
namespace {

std::vector<TokenTrie::Entry> entries_of(const std::vector<AddedToken>& tokens) {
  std::vector<TokenTrie::Entry> out;
  for (std::size_t i = 0; i < tokens.size(); ++i)
    if (!tokens[i].text.empty()) out.push_back({tokens[i].text, static_cast<std::uint32_t>(i)});
  return out;
}

bool begins_with(std::string_view text, bool (*test)(CodePoint) noexcept) noexcept {
  std::size_t size = 0;
  return !text.empty() && test(front_character(text, size));
}

// The last character of valid UTF-8.
std::string_view last_of(std::string_view text) noexcept {
  std::size_t begin = text.size();
  while (begin > 0 && (static_cast<unsigned char>(text[--begin]) & 0xC0u) == 0x80u) {
  }
  return text.substr(begin);
}

}  // namespace

Status AddedTokens::check(const std::vector<AddedToken>& tokens) {
  std::size_t n_bytes = 0;
  for (const AddedToken& token : tokens) n_bytes += token.text.size();
  if (n_bytes <= kMaxTextBytes) return {};
  return fail(Errc::unsupported, "added_tokens: {} bytes of text, at most {}", n_bytes, kMaxTextBytes);
}

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)), trie_(entries_of(tokens_)) {
  for (const AddedToken& token : tokens_)
    if (!token.text.empty()) starts_[static_cast<unsigned char>(token.text[0])] = true;
}

AddedTokens::Found AddedTokens::next(std::string_view text, std::size_t from) const noexcept {
  if (tokens_.empty()) return {};
  for (std::size_t i = from; i < text.size(); ++i) {
    if (!starts_[static_cast<unsigned char>(text[i])]) continue;
    Found found;
    trie_.each_prefix(text.substr(i), [&](std::size_t size, std::uint32_t index) {
      found = {&tokens_[index], i, i + size};
    });
    if (found.token != nullptr) return found;
  }
  return {};
}

bool AddedTokens::counts(const Found& found, std::string_view text, bool parse_special) noexcept {
  if (found.token->special && !parse_special) return false;
  if (!found.token->single_word) return true;
  return !begins_with(last_of(text.substr(0, found.begin)), is_word_character) &&
         !begins_with(text.substr(found.end), is_word_character);
}

std::size_t AddedTokens::begin_of(const Found& found, std::string_view text, std::size_t done) noexcept {
  if (!found.token->strips_left) return found.begin;
  std::size_t begin = found.begin;
  while (begin > done) {
    const std::string_view last = last_of(text.substr(0, begin));
    if (!begins_with(last, is_white_space)) break;
    begin -= last.size();
  }
  return std::max(begin, done);
}

std::size_t AddedTokens::end_of(const Found& found, std::string_view text) noexcept {
  std::size_t end = found.end, size = 0;
  while (found.token->strips_right && end < text.size() && is_white_space(front_character(text.substr(end), size)))
    end += size;
  return end;
}

}  // namespace quern::engine

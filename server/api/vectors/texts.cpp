#include "server/api/vectors/texts.hpp"

#include "engine/tokenizer/utf8.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace quern::server {
namespace {

using Tokens = std::vector<engine::TokenId>;

// No text shrinks by more before it is cut into tokens: what stands behind so many bytes is never seen.
constexpr std::size_t kMaxShrink = 4;

Error too_many(std::size_t n_tokens, std::uint32_t most, const std::string& field) {
  return fail_field(field, "has {} tokens, at most {} are allowed; truncate it, or ask for it (truncate: true)",
                    n_tokens, most);
}

// The start of a text, of at most so many bytes and whole characters.
std::string_view cut_bytes(std::string_view text, std::size_t most) noexcept {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0u) == 0x80u) --most;
  return text.substr(0, most);
}

bool is_special(const engine::Tokenizer& tokenizer, engine::TokenId token) noexcept {
  return tokenizer.kind(token) == engine::TokenKind::control;
}

// What the vocabulary puts behind a text of its own: [SEP], </s>, or nothing.
std::optional<engine::TokenId> closing_token(const Tokens& tokens, const engine::Tokenizer& tokenizer) {
  if (tokens.empty() || !is_special(tokenizer, tokens.back())) return std::nullopt;
  return tokens.back();
}

std::string filled(std::string_view pattern, std::string_view query, std::string_view document) {
  std::string out;
  for (std::size_t at = 0; at < pattern.size();) {
    const std::string_view rest = pattern.substr(at);
    const bool is_query = rest.starts_with("{query}"), is_document = rest.starts_with("{document}");
    if (is_query) out += query;
    if (is_document) out += document;
    if (!is_query && !is_document) out += rest.front();
    at += is_query ? 7 : is_document ? 10 : 1;
  }
  return out;
}

}  // namespace

Result<Tokens> fit_tokens(Tokens tokens, TooLong too_long, const std::string& field, const models::ServedModel& model) {
  const std::uint32_t most = model.max_context();
  if (tokens.empty()) return fail_field(field, "has no tokens, expected at least one");
  if (tokens.size() <= most) return tokens;
  if (too_long == TooLong::refuse) return too_many(tokens.size(), most, field);
  const std::optional<engine::TokenId> closing = closing_token(tokens, model.tokenizer);
  tokens.resize(most);
  if (closing) tokens.back() = *closing;
  return tokens;
}

Result<Tokens> encode_text(std::string_view text, TooLong too_long, const std::string& field, Effort& effort) {
  const models::ServedModel& model = effort.model();
  if (too_long == TooLong::truncate) {
    text = cut_bytes(text, std::size_t{model.max_context()} * model.longest_token_bytes * kMaxShrink);
  } else {
    QUERN_CHECK(effort.fits_context(text, field));
  }
  QUERN_TRY(Tokens tokens, effort.encode(text, {.add_special = true}, field));
  return fit_tokens(std::move(tokens), too_long, field, model);
}

Result<PairEncoder> PairEncoder::create(std::string_view query, TooLong too_long, Effort& effort) {
  PairEncoder out(query, too_long, effort);
  QUERN_CHECK(effort.fits_context(query, "query"));
  const models::ServedModel& model = effort.model();
  if (!model.rank_template.empty()) return out;
  QUERN_TRY(out.before_, effort.encode(query, {.add_special = true}, "query"));
  if (const auto closing = closing_token(out.before_, model.tokenizer)) out.after_.push_back(*closing);
  // RoBERTa's pairs have a separator besides the end of the first text, BERT's end the first text with it.
  const engine::SpecialTokens& special = model.tokenizer->special();
  if (special.add_eos && special.add_sep && special.sep != engine::kNoToken) out.before_.push_back(special.sep);
  const std::size_t n_around = out.before_.size() + out.after_.size();
  if (n_around >= model.max_context()) return too_many(n_around, model.max_context() - 1, "query");
  return out;
}

Result<Tokens> PairEncoder::encode(std::string_view document, const std::string& field) const {
  const models::ServedModel& model = effort_.model();
  if (too_long_ == TooLong::truncate) {
    document = cut_bytes(document, std::size_t{model.max_context()} * model.longest_token_bytes * kMaxShrink);
  } else {
    QUERN_CHECK(effort_.fits_context(document, field));
  }
  if (!model.rank_template.empty()) return encode_by_template(document, field);
  QUERN_TRY(Tokens second, effort_.encode(document, {.add_special = false}, field));
  const std::size_t room = model.max_context() - before_.size() - after_.size();
  if (second.size() > room) {
    if (too_long_ == TooLong::refuse)
      return too_many(before_.size() + second.size() + after_.size(), model.max_context(), field);
    second.resize(room);
  }
  Tokens out;
  out.reserve(before_.size() + second.size() + after_.size());
  for (const Tokens* part : {&before_, static_cast<const Tokens*>(&second), &after_})
    out.insert(out.end(), part->begin(), part->end());
  return out;
}

Result<Tokens> PairEncoder::encode_by_template(std::string_view document, const std::string& field) const {
  const models::ServedModel& model = effort_.model();
  const std::uint32_t most = model.max_context();
  const engine::EncodeOptions options{.add_special = false, .parse_special = true};
  QUERN_TRY(Tokens tokens, effort_.encode(filled(model.rank_template, query_, document), options, field));
  if (tokens.size() <= most) return tokens;
  if (too_long_ == TooLong::refuse) return too_many(tokens.size(), most, field);
  // The document without as many tokens as are too many; borders with the template may cost a few more.
  constexpr std::size_t kBorders = 8;
  QUERN_TRY(Tokens alone, effort_.encode(document, {.add_special = false}, field));
  const std::size_t excess = tokens.size() - most + kBorders;
  if (excess >= alone.size()) return too_many(tokens.size(), most, field);
  alone.resize(alone.size() - excess);
  const std::string shorter = engine::replace_invalid_bytes(model.tokenizer->decode(alone, false));
  QUERN_TRY(tokens, effort_.encode(filled(model.rank_template, query_, shorter), options, field));
  if (tokens.size() > most) return too_many(tokens.size(), most, field);
  return tokens;
}

Status add_text(Tokens text, const std::string& field, const ServerLimits& limits, std::uint64_t& n_tokens,
                std::vector<Tokens>& out) {
  n_tokens += text.size();
  if (n_tokens > limits.max_texts_tokens) {
    return fail_field(field, "the texts up to here have {} tokens, at most {} are allowed in one request", n_tokens,
                      limits.max_texts_tokens);
  }
  out.push_back(std::move(text));
  return {};
}

}  // namespace quern::server

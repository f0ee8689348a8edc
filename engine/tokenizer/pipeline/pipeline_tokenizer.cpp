#include "engine/tokenizer/pipeline/pipeline_tokenizer.hpp"

#include "engine/tokenizer/utf8.hpp"

#include <utility>

namespace quern::engine {
namespace {

bool is_added(TokenKind kind) noexcept {
  return kind == TokenKind::control || kind == TokenKind::user_defined;
}

class PipelineTokenizer final : public VocabularyTokenizer {
 public:
  PipelineTokenizer(PipelineParts parts, std::span<const std::string> pieces)
      : VocabularyTokenizer(std::move(parts.vocabulary), std::move(parts.roles),
                            {.add_space_prefix = parts.decoder.strips_blank || parts.decoder.first_is_apart,
                             .clean_spaces = parts.clean_spaces},
                            pieces),
        raw_tokens_(std::move(parts.raw_tokens)),
        normalized_tokens_(std::move(parts.normalized_tokens)),
        normalizer_(std::move(parts.normalizer)),
        steps_(std::move(parts.steps)),
        model_(parts.make_model(vocabulary())),
        decoder_(std::move(parts.decoder)),
        clean_spaces_(parts.clean_spaces) {}

  std::string decode(std::span<const TokenId> ids, bool show_special) const override {
    std::vector<TokenDecoder::Token> tokens;
    tokens.reserve(ids.size());
    for (const TokenId id : ids)
      if (is_shown(id, show_special) && kind(id) != TokenKind::unused)
        tokens.push_back({token_text(id), is_added(kind(id))});
    std::string text = decoder_.decode(tokens);
    if (clean_spaces_) clean_up_spaces(text);
    return text;
  }

 protected:
  Status encode_body(std::string_view text, bool parse_special, std::vector<TokenId>& out) const override {
    std::string repaired;
    if (!is_valid_utf8(text)) text = repaired = replace_invalid_bytes(text);
    const auto on_token = [&](TokenId id) { out.push_back(id); };
    return raw_tokens_.split(
        text, parse_special,
        [&](std::string_view stretch) -> Status {
          std::size_t n_first = 0;
          QUERN_TRY(const std::string normalized, normalizer_.apply(stretch, n_first));
          if (stretch.data() != text.data()) n_first = 0;
          return normalized_tokens_.split(
              normalized, parse_special,
              [&](std::string_view part) -> Status {
                const auto begin = static_cast<std::size_t>(part.data() - normalized.data());
                return encode_part(part, n_first > begin ? n_first - begin : 0, parse_special, out);
              },
              on_token);
        },
        on_token);
  }

 private:
  Status encode_part(std::string_view text, std::size_t n_first, bool trusted, std::vector<TokenId>& out) const {
    Pieces pieces{std::string(text), {{0, static_cast<std::uint32_t>(text.size())}}, n_first};
    for (const PretokenizerStepPtr& step : steps_) QUERN_CHECK(step->apply(pieces));
    return model_->encode(pieces, trusted, out);
  }

  AddedTokens raw_tokens_, normalized_tokens_;
  NormalizerChain normalizer_;
  std::vector<PretokenizerStepPtr> steps_;
  WordModelPtr model_;
  TokenDecoder decoder_;
  bool clean_spaces_;
};

}  // namespace

Result<std::unique_ptr<Tokenizer>> make_pipeline(PipelineParts parts) {
  std::vector<std::string> pieces;
  pieces.reserve(parts.vocabulary.size());
  std::size_t n_bytes = 0;
  for (std::uint32_t i = 0; i < parts.vocabulary.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (parts.vocabulary.kind(id) == TokenKind::unused) {
      pieces.emplace_back();
      continue;
    }
    QUERN_TRY(std::string piece, parts.decoder.piece({parts.vocabulary.text(id), is_added(parts.vocabulary.kind(id))}));
    n_bytes += piece.size();
    if (n_bytes > Vocabulary::kMaxTextBytes)
      return fail(Errc::unsupported, "decoder: the tokens become more than {} bytes of text",
                  Vocabulary::kMaxTextBytes);
    pieces.push_back(std::move(piece));
  }
  return std::unique_ptr<Tokenizer>(new PipelineTokenizer(std::move(parts), pieces));
}

}  // namespace quern::engine

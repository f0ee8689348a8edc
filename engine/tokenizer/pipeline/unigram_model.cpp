// Unigram as huggingface/tokenizers does it: of all ways to cut a piece into tokens, the one with the highest sum of
// scores. A character that no token holds costs as much as the worst token and kUnknownPenalty; a run of them becomes
// its bytes where the vocabulary has all of them, else one unknown token. Source: Kudo, arXiv 1804.10959.
#include "engine/tokenizer/pipeline/word_model.hpp"
#include "engine/tokenizer/token_trie.hpp"
#include "engine/tokenizer/utf8.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace quern::engine {
namespace {

constexpr double kUnknownPenalty = 10.0;

std::vector<TokenTrie::Entry> entries_of(const ModelTokens& tokens) {
  std::vector<TokenTrie::Entry> out;
  for (std::uint32_t i = 0; i < tokens.vocabulary().size(); ++i)
    if (const auto id = static_cast<TokenId>(i); tokens.has(id) && !tokens.vocabulary().text(id).empty())
      out.push_back({tokens.vocabulary().text(id), i});
  return out;
}

class UnigramModel final : public WordModel {
 public:
  UnigramModel(ModelTokens tokens, UnigramModelRules rules)
      : tokens_(std::move(tokens)), rules_(std::move(rules)), trie_(entries_of(tokens_)) {
    double worst = std::numeric_limits<double>::infinity();
    for (std::uint32_t i = 0; i < tokens_.vocabulary().size(); ++i)
      if (tokens_.has(static_cast<TokenId>(i))) worst = std::min(worst, rules_.scores[i]);
    unknown_score_ = worst - kUnknownPenalty;
  }

  Status encode(const Pieces& pieces, bool trusted, std::vector<TokenId>& out) const override {
    Lattice lattice;
    for (const Piece& piece : pieces.list) QUERN_CHECK(encode_piece(pieces.view(piece), trusted, lattice, out));
    return {};
  }

 private:
  static constexpr std::uint32_t kNowhere = 0xFFFFFFFFu;
  struct Best {  // the best way from the piece's begin to a place
    double score = 0;
    std::uint32_t begin = kNowhere;  // of its last token
    TokenId id = kNoToken;
  };
  struct Lattice {  // scratch, reused from piece to piece
    std::vector<Best> best;
    std::vector<std::pair<std::uint32_t, TokenId>> path;  // begin and token, backwards
  };

  Status encode_piece(std::string_view piece, bool trusted, Lattice& lattice, std::vector<TokenId>& out) const {
    QUERN_CHECK(search(piece, trusted, lattice.best));
    lattice.path.clear();
    for (auto end = static_cast<std::uint32_t>(piece.size()); end > 0; end = lattice.best[end].begin)
      lattice.path.emplace_back(lattice.best[end].begin, lattice.best[end].id);
    for (std::size_t i = lattice.path.size(); i-- > 0;) {
      const auto [begin, id] = lattice.path[i];
      if (id != kNoToken && id != rules_.unknown) {
        out.push_back(id);
        continue;
      }
      while (i > 0 && (lattice.path[i - 1].second == kNoToken || lattice.path[i - 1].second == rules_.unknown)) --i;
      const std::size_t end = i > 0 ? lattice.path[i - 1].first : piece.size();
      append_unknown(piece.substr(begin, end - begin), trusted, out);
    }
    return {};
  }

  Status search(std::string_view piece, bool trusted, std::vector<Best>& best) const {
    best.assign(piece.size() + 1, Best{});
    for (std::uint32_t begin = 0; begin < piece.size();) {
      const double score = best[begin].score;
      const auto offer = [&](std::size_t size, double token_score, TokenId id) {
        Best& to = best[begin + size];
        if (to.begin == kNowhere || score + token_score > to.score) to = {score + token_score, begin, id};
      };
      const std::size_t character = utf8_front(piece.substr(begin)).size;
      bool covered = false;
      trie_.each_prefix(piece.substr(begin), [&](std::size_t size, std::uint32_t token) {
        const auto id = static_cast<TokenId>(token);
        if (!tokens_.may_be(id, trusted)) return;
        covered = covered || size == character;
        offer(size, rules_.scores[token], id);
      });
      if (!covered && rules_.unknown == kNoToken) return no_token_for(piece.substr(begin, character));
      if (!covered) offer(character, unknown_score_, kNoToken);
      begin += static_cast<std::uint32_t>(character);
    }
    return {};
  }

  // A run of unknown characters, and of the unknown token's own text.
  void append_unknown(std::string_view run, bool trusted, std::vector<TokenId>& out) const {
    const TokenId whole = tokens_.find(run);
    if (whole != kNoToken && tokens_.may_be(whole, trusted)) {
      out.push_back(whole);
    } else if (rules_.byte_fallback &&
               std::ranges::all_of(run, [this](char c) { return tokens_.find_byte(c) != kNoToken; })) {
      for (const char c : run) out.push_back(tokens_.find_byte(c));
    } else {
      out.push_back(rules_.unknown);
    }
  }

  ModelTokens tokens_;
  UnigramModelRules rules_;
  TokenTrie trie_;
  double unknown_score_ = 0;
};

}  // namespace

WordModelPtr unigram_model(ModelTokens tokens, UnigramModelRules rules) {
  return std::make_unique<UnigramModel>(std::move(tokens), std::move(rules));
}

}  // namespace quern::engine

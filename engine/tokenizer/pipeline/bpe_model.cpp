// Byte-pair encoding as huggingface/tokenizers does it: what has no token is dropped, or becomes bytes or the unknown
// token, before neighbours are merged.
#include "engine/tokenizer/byte_alphabet.hpp"
#include "engine/tokenizer/merge.hpp"
#include "engine/tokenizer/pipeline/word_model.hpp"
#include "engine/tokenizer/utf8.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace quern::engine {
namespace {

class BpeModel final : public WordModel {
 public:
  BpeModel(ModelTokens tokens, MergeRules merges, BpeModelRules rules)
      : tokens_(std::move(tokens)), merges_(std::move(merges)), rules_(std::move(rules)) {
    for (unsigned byte = 0; byte < 256; ++byte)
      letters_[byte] = tokens_.find(byte_to_letter(static_cast<std::uint8_t>(byte)));
  }

  Status encode(const Pieces& pieces, bool trusted, std::vector<TokenId>& out) const override {
    Scratch scratch;
    for (const Piece& piece : pieces.list) encode_piece(pieces.view(piece), trusted, scratch, out);
    return {};
  }

 private:
  struct Scratch {  // of one call, reused from piece to piece
    MergeList list;
    std::string text;
  };
  // Unknown characters wait, since those that follow may join them.
  struct Unknown {
    std::uint32_t size = 0;  // bytes; 0: none waits
  };

  void encode_piece(std::string_view piece, bool trusted, Scratch& scratch, std::vector<TokenId>& out) const {
    if (rules_.ignore_merges)
      if (const TokenId whole = find_whole(piece, scratch.text); whole != kNoToken && tokens_.may_be(whole, trusted))
        return out.push_back(whole);
    scratch.list.clear();
    if (rules_.raw_bytes)
      list_bytes(piece, scratch.list);
    else
      list_characters(piece, scratch);
    scratch.list.merge_all([this](const Symbol& left, const Symbol& right) -> Merge {
      const PairTable::Value found = merges_.find(left.id, right.id);
      return {found.rank, found.id, found.id != PairTable::kAbsent};
    });
    scratch.list.for_each([&](const Symbol& symbol) { out.push_back(static_cast<TokenId>(symbol.id)); });
  }

  TokenId find_whole(std::string_view piece, std::string& letters) const {
    if (piece.size() > tokens_.vocabulary().longest_text()) return kNoToken;
    if (!rules_.raw_bytes) return tokens_.find(piece);
    letters.clear();
    for (const char c : piece) letters.append(byte_to_letter(static_cast<std::uint8_t>(c)));
    return tokens_.find(letters);
  }

  static void push(MergeList& list, TokenId id, std::uint32_t size) {
    list.push_back(0, size, static_cast<std::uint32_t>(id));
  }
  void flush(Unknown& unknown, MergeList& list) const {
    if (unknown.size > 0) push(list, rules_.unknown, unknown.size);
    unknown.size = 0;
  }
  void add_unknown(std::uint32_t size, Unknown& unknown, MergeList& list) const {
    if (rules_.unknown == kNoToken) return;
    if (!rules_.fuse_unknown) flush(unknown, list);
    unknown.size += size;
  }

  void list_bytes(std::string_view piece, MergeList& list) const {
    Unknown unknown;
    for (const char c : piece) {
      if (const TokenId id = letters_[static_cast<unsigned char>(c)]; id != kNoToken) {
        flush(unknown, list);
        push(list, id, 1);
      } else if (!rules_.byte_fallback || !append_bytes(byte_to_letter(static_cast<std::uint8_t>(c)), list)) {
        add_unknown(1, unknown, list);
      }
    }
    flush(unknown, list);
  }

  void list_characters(std::string_view piece, Scratch& scratch) const {
    MergeList& list = scratch.list;
    Unknown unknown;
    for (std::size_t at = 0; at < piece.size();) {
      const std::uint32_t size = utf8_front(piece.substr(at)).size;
      const bool first = at == 0, last = at + size == piece.size();
      std::string_view character = piece.substr(at, size);
      if ((!first && !rules_.continuing_prefix.empty()) || (last && !rules_.end_suffix.empty())) {
        scratch.text.assign(first ? "" : rules_.continuing_prefix)
            .append(character)
            .append(last ? rules_.end_suffix : "");
        character = scratch.text;
      }
      if (const TokenId id = tokens_.find(character); id != kNoToken) {
        flush(unknown, list);
        push(list, id, size);
      } else if (!rules_.byte_fallback || !append_bytes(character, list)) {  // bytes overtake what waits, as there
        add_unknown(size, unknown, list);
      }
      at += size;
    }
    flush(unknown, list);
  }

  bool append_bytes(std::string_view text, MergeList& list) const {
    if (!std::ranges::all_of(text, [this](char c) { return tokens_.find_byte(c) != kNoToken; })) return false;
    for (const char c : text) push(list, tokens_.find_byte(c), 1);
    return true;
  }

  ModelTokens tokens_;
  MergeRules merges_;
  BpeModelRules rules_;
  std::array<TokenId, 256> letters_{};  // the token of each byte's letter
};

}  // namespace

WordModelPtr bpe_model(ModelTokens tokens, MergeRules merges, BpeModelRules rules) {
  return std::make_unique<BpeModel>(std::move(tokens), std::move(merges), std::move(rules));
}

}  // namespace quern::engine

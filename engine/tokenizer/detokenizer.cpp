#include "engine/tokenizer/detokenizer.hpp"

#include "engine/tokenizer/utf8.hpp"

#include <string_view>
#include <utility>

namespace quern::engine {

std::string Detokenizer::append(TokenId id, bool show_special) {
  std::string bytes = std::exchange(pending_, {});
  const std::size_t n_pending = bytes.size();
  gave_up_pending_ = false;
  const std::string piece = tokenizer_->piece(id, show_special);
  const bool drop_blank = at_start_ && tokenizer_->adds_space_prefix() && piece.starts_with(' ');
  if (!piece.empty()) at_start_ = false;
  bytes.append(piece, drop_blank ? 1 : 0, std::string::npos);
  if (is_valid_utf8(bytes)) return bytes;  // by far the most

  std::string out;
  std::string_view rest = bytes;
  // The invalid part at the front may go on into this token (F0 9F, then 80 61): then the token begins inside it.
  const Utf8Step front = utf8_front(rest);
  gave_up_pending_ = front.kind == Utf8Kind::invalid && front.size <= n_pending;
  while (!rest.empty()) {
    const Utf8Step step = utf8_front(rest);
    if (step.kind == Utf8Kind::truncated) {
      pending_ = rest;
      break;
    }
    out.append(step.kind == Utf8Kind::valid ? rest.substr(0, step.size) : kReplacementCharacter);
    rest.remove_prefix(step.size);
  }
  return out;
}

std::string Detokenizer::flush() {
  if (pending_.empty()) return {};
  pending_.clear();  // what waits is always the beginning of one character
  return std::string(kReplacementCharacter);
}

}  // namespace quern::engine

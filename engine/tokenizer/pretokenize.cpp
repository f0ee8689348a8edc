#include "engine/tokenizer/pretokenize.hpp"

#include "base/assert.hpp"
#include "engine/tokenizer/utf8.hpp"

#include <string>
#include <utility>

namespace quern::engine {
namespace {

// The end offsets of a text's pieces, ascending and without duplicates; 0 is no end.
class Ends {
 public:
  Ends(std::vector<std::uint32_t>& ends, std::size_t begin) : ends_(ends), begin_(static_cast<std::uint32_t>(begin)) {}
  void cut(std::size_t offset) {  // in the piece that begins at `begin`
    const auto end = begin_ + static_cast<std::uint32_t>(offset);
    if (offset > 0 && (ends_.empty() || ends_.back() < end)) ends_.push_back(end);
  }

 private:
  std::vector<std::uint32_t>& ends_;
  std::uint32_t begin_;
};

// Cuts piece[begin, end) every three characters, counted from the right.
void cut_threes(std::string_view piece, std::size_t begin, std::size_t end, Ends& ends) {
  std::size_t n_characters = 0;
  for (std::size_t i = begin; i < end; i += utf8_front(piece.substr(i)).size) ++n_characters;
  for (std::size_t i = begin; i < end; i += utf8_front(piece.substr(i)).size)
    if (n_characters-- % 3 == 0) ends.cut(i);
}

}  // namespace

Result<Pretokenizer> Pretokenizer::create(const PretokenizerSpec& spec, bool use_jit) {
  std::vector<std::string> patterns;
  for (const char* const source : spec.patterns)
    if (source != nullptr) patterns.emplace_back(source);
  return create(spec.name, patterns, use_jit);
}

Result<Pretokenizer> Pretokenizer::create(std::string_view owner, std::span<const std::string> patterns, bool use_jit) {
  Pretokenizer out;
  for (const std::string& source : patterns) {
    QUERN_TRY(TextPattern pattern, TextPattern::compile(owner, source, use_jit));
    Cuts cuts = Cuts::at_ends;
    if (source.starts_with("(?#threes)")) cuts = Cuts::threes;
    if (source.starts_with("(?#isolated threes)")) cuts = Cuts::isolated_threes;
    out.steps_.push_back({std::move(pattern), cuts});
  }
  return out;
}

Status Pretokenizer::split(std::string_view text, std::vector<std::uint32_t>& ends) const {
  QUERN_ASSERT(text.size() < (std::size_t{1} << 31));
  ends.clear();
  if (text.empty()) return {};
  ends.push_back(static_cast<std::uint32_t>(text.size()));
  if (steps_.empty()) return {};
  const TextPattern::Scratch scratch;
  std::vector<std::uint32_t> pieces;
  for (const Step& step : steps_) {
    pieces.swap(ends);
    ends.clear();
    std::size_t begin = 0;
    for (const std::uint32_t piece_end : pieces) {
      const std::string_view piece = text.substr(begin, piece_end - begin);
      Ends cuts(ends, begin);
      for (std::size_t from = 0; from < piece.size();) {
        const TextPattern::Match match = step.pattern.next(piece, from, scratch);
        if (match.error != 0) return step.pattern.give_up(match, piece.size(), from);
        if (!match.found) break;
        if (step.cuts != Cuts::threes) cuts.cut(match.begin);
        if (step.cuts != Cuts::at_ends) cut_threes(piece, match.begin, match.end, cuts);
        if (step.cuts != Cuts::threes) cuts.cut(match.end);
        from = match.end;
        if (match.end == match.begin)  // empty: go on behind the next character
          from = match.begin < piece.size() ? match.begin + utf8_front(piece.substr(match.begin)).size : piece.size();
      }
      cuts.cut(piece.size());
      begin = piece_end;
    }
  }
  return {};
}

}  // namespace quern::engine

#include "engine/tokenizer/pipeline/pretokenizer_step.hpp"

#include "engine/tokenizer/byte_alphabet.hpp"
#include "engine/tokenizer/normalizer_chain.hpp"

#include <utility>

namespace quern::engine {
namespace {

// Finder: each(text, visit) calls visit(begin, end) -> Status for each match.
template <class Finder>
class SplitStep final : public PretokenizerStep {
 public:
  SplitStep(Finder finder, SplitBehavior behavior, bool inverted)
      : finder_(std::move(finder)), behavior_(behavior), inverted_(inverted) {}

  Status apply(Pieces& pieces) const override {
    const TextPattern::Scratch scratch;
    std::vector<Piece> out;
    out.reserve(pieces.list.size() + pieces.text.size() / 4);
    for (const Piece& piece : pieces.list) {
      const std::string_view text = pieces.view(piece);
      PieceCutter cutter(behavior_, out);
      std::size_t done = 0;
      QUERN_CHECK(finder_.each(text, scratch, [&](std::size_t begin, std::size_t end) -> Status {
        if (done != begin) cutter.add(piece.begin + done, piece.begin + begin, inverted_);
        cutter.add(piece.begin + begin, piece.begin + end, !inverted_);
        done = end;
        return {};
      }));
      if (done != text.size()) cutter.add(piece.begin + done, piece.end, inverted_);
      cutter.finish();
    }
    pieces.list = std::move(out);
    return {};
  }

 private:
  Finder finder_;
  SplitBehavior behavior_;
  bool inverted_;
};

struct PatternFinder {
  TextPattern pattern;
  template <class Visit>
  Status each(std::string_view text, const TextPattern::Scratch& scratch, const Visit& visit) const {
    return pattern.each_match(text, scratch, visit);
  }
};

template <class Test>
struct CharacterFinder {
  Test test;
  template <class Visit>
  Status each(std::string_view text, const TextPattern::Scratch&, const Visit& visit) const {
    std::size_t size = 0;
    for (std::size_t at = 0; at < text.size(); at += size)
      if (test(front_character(text.substr(at), size))) QUERN_CHECK(visit(at, at + size));
    return {};
  }
};

template <class Test>
PretokenizerStepPtr split_where(Test test, SplitBehavior behavior) {
  return std::make_unique<SplitStep<CharacterFinder<Test>>>(CharacterFinder<Test>{std::move(test)}, behavior, false);
}

class LengthStep final : public PretokenizerStep {
 public:
  explicit LengthStep(std::uint32_t n_characters) : n_characters_(n_characters) {}
  Status apply(Pieces& pieces) const override {
    std::vector<Piece> out;
    for (const Piece& piece : pieces.list) {
      std::size_t size = 0;
      std::uint32_t n = 0;
      for (std::uint32_t at = piece.begin; at < piece.end; at += static_cast<std::uint32_t>(size)) {
        front_character(std::string_view(pieces.text).substr(at), size);
        if (n++ % n_characters_ == 0) out.push_back({at, at});
        out.back().end = at + static_cast<std::uint32_t>(size);
      }
    }
    pieces.list = std::move(out);
    return {};
  }

 private:
  std::uint32_t n_characters_;
};

// Writes each piece anew. rewrite(piece's text, begins: with the text's first character, out) appends.
template <class Rewrite>
class RewriteStep final : public PretokenizerStep {
 public:
  explicit RewriteStep(Rewrite rewrite) : rewrite_(std::move(rewrite)) {}

  Status apply(Pieces& pieces) const override {
    std::string text;
    text.reserve(pieces.text.size() + pieces.text.size() / 2 + 8);
    std::size_t n_first = 0;
    for (Piece& piece : pieces.list) {
      const std::string_view old = pieces.view(piece);
      const auto begin = static_cast<std::uint32_t>(text.size());
      const bool begins = piece.begin < pieces.n_first;
      if (begins) {
        rewrite_(old.substr(0, pieces.n_first - piece.begin), begins, text);
        n_first = text.size();
        text.resize(begin);
      }
      rewrite_(old, begins, text);
      QUERN_CHECK(check_normalized_size(text.size()));
      piece = {begin, static_cast<std::uint32_t>(text.size())};
    }
    pieces.text = std::move(text);
    pieces.n_first = n_first;
    return {};
  }

 private:
  Rewrite rewrite_;
};

template <class Rewrite>
PretokenizerStepPtr rewrite(Rewrite function) {
  return std::make_unique<RewriteStep<Rewrite>>(std::move(function));
}

}  // namespace

PretokenizerStepPtr split_at_pattern(TextPattern pattern, SplitBehavior behavior, bool inverted) {
  return std::make_unique<SplitStep<PatternFinder>>(PatternFinder{std::move(pattern)}, behavior, inverted);
}

PretokenizerStepPtr split_at_characters(CharacterTest test, SplitBehavior behavior) {
  return split_where(test, behavior);
}

PretokenizerStepPtr split_at_character(CodePoint character, SplitBehavior behavior) {
  return split_where([character](CodePoint c) { return c == character; }, behavior);
}

PretokenizerStepPtr split_by_length(std::uint32_t n_characters) {
  return std::make_unique<LengthStep>(n_characters);
}

PretokenizerStepPtr prefix_pieces(std::string prefix, PrefixScheme scheme) {
  return rewrite([prefix = std::move(prefix), scheme](std::string_view piece, bool begins, std::string& out) {
    const bool wanted = scheme == PrefixScheme::always || (scheme == PrefixScheme::first && begins);
    if (wanted && !piece.starts_with(prefix)) out.append(prefix);
    out.append(piece);
  });
}

PretokenizerStepPtr replace_blanks(CodePoint replacement) {
  std::string to;
  append_character(replacement, to);
  return rewrite([to = std::move(to)](std::string_view piece, bool, std::string& out) {
    for (std::size_t at = piece.find(' '); at != std::string_view::npos; at = piece.find(' ')) {
      out.append(piece.substr(0, at)).append(to);
      piece.remove_prefix(at + 1);
    }
    out.append(piece);
  });
}

PretokenizerStepPtr pieces_as_letters() {
  return rewrite([](std::string_view piece, bool, std::string& out) {
    for (const char c : piece) out.append(byte_to_letter(static_cast<std::uint8_t>(c)));
  });
}

}  // namespace quern::engine

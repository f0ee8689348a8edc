#include "engine/tokenizer/pretokenize.hpp"

#include <array>
#include <utility>

#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/assert.hpp"
#include "engine/tokenizer/utf8.hpp"

#include <pcre2.h>

namespace quern::engine {
namespace {

// An honest match needs a few steps per character; these stop patterns that backtrack without end.
constexpr std::uint32_t kMatchSteps = 10'000'000;
constexpr std::uint32_t kMatchHeapKib = 16 * 1024;

template <auto Free>
struct Pcre2Free {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
using MatchData = std::unique_ptr<pcre2_match_data, Pcre2Free<pcre2_match_data_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, Pcre2Free<pcre2_match_context_free>>;

// What one call of split() needs beside the compiled patterns, which are shared between threads.
struct MatchScratch {
  MatchData data{pcre2_match_data_create(1, nullptr)};
  MatchContext context{pcre2_match_context_create(nullptr)};

  MatchScratch() {
    if (!context) return;
    pcre2_set_match_limit(context.get(), kMatchSteps);
    pcre2_set_heap_limit(context.get(), kMatchHeapKib);
  }
  bool usable() const noexcept { return data && context; }
};

std::string pcre2_message(int code) {
  std::array<PCRE2_UCHAR, 160> text{};
  pcre2_get_error_message(code, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

// Where a match is cut.
enum class Cuts : std::uint8_t { at_ends, threes, isolated_threes };

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

class Pretokenizer::Pattern {
 public:
  static Result<std::unique_ptr<Pattern>> compile(std::string_view owner, std::string_view source, bool use_jit) {
    int error = 0;
    PCRE2_SIZE offset = 0;
    Code code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(source.data()), source.size(),
                            PCRE2_UTF | PCRE2_UCP | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C, &error, &offset,
                            nullptr));
    if (!code)
      return fail(Errc::unsupported, "pre-tokenizer '{}': pattern '{}', offset {}: {}", owner, source, offset,
                  pcre2_message(error));
    const bool jit = use_jit && pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE) == 0;
    Cuts cuts = Cuts::at_ends;
    if (source.starts_with("(?#threes)")) cuts = Cuts::threes;
    if (source.starts_with("(?#isolated threes)")) cuts = Cuts::isolated_threes;
    return std::unique_ptr<Pattern>(new Pattern(std::move(code), jit, cuts));
  }

  // The next match in piece at or after `from`. False: none, or a limit was hit.
  bool next(std::string_view piece, std::size_t from, const MatchScratch& scratch, std::size_t& begin,
            std::size_t& end) const {
    const auto* subject = reinterpret_cast<PCRE2_SPTR>(piece.data());
    pcre2_match_data* const data = scratch.data.get();
    // The text was checked once; checking it again at every match would make splitting quadratic.
    const int rc =
        jit_ ? pcre2_jit_match(code_.get(), subject, piece.size(), from, 0, data, scratch.context.get())
             : pcre2_match(code_.get(), subject, piece.size(), from, PCRE2_NO_UTF_CHECK, data, scratch.context.get());
    if (rc < 0) return false;
    const PCRE2_SIZE* const range = pcre2_get_ovector_pointer(data);
    begin = range[0];
    end = range[1];
    return true;
  }

  Cuts cuts() const noexcept { return cuts_; }

 private:
  using Code = std::unique_ptr<pcre2_code, Pcre2Free<pcre2_code_free>>;
  Pattern(Code code, bool jit, Cuts cuts) : code_(std::move(code)), jit_(jit), cuts_(cuts) {}
  Code code_;
  bool jit_;
  Cuts cuts_;
};

Pretokenizer::Pretokenizer() = default;
Pretokenizer::Pretokenizer(Pretokenizer&&) noexcept = default;
Pretokenizer& Pretokenizer::operator=(Pretokenizer&&) noexcept = default;
Pretokenizer::~Pretokenizer() = default;

Result<Pretokenizer> Pretokenizer::create(const PretokenizerSpec& spec, bool use_jit) {
  Pretokenizer out;
  for (const char* const source : spec.patterns) {
    if (source == nullptr) break;
    QUERN_TRY(std::unique_ptr<Pattern> pattern, Pattern::compile(spec.name, source, use_jit));
    out.patterns_.push_back(std::move(pattern));
  }
  return out;
}

void Pretokenizer::split(std::string_view text, std::vector<std::uint32_t>& ends) const {
  QUERN_ASSERT(text.size() < (std::size_t{1} << 31));
  ends.clear();
  if (text.empty()) return;
  ends.push_back(static_cast<std::uint32_t>(text.size()));
  const MatchScratch scratch;
  if (!scratch.usable()) return;
  std::vector<std::uint32_t> pieces;
  for (const std::unique_ptr<Pattern>& pattern : patterns_) {
    pieces.swap(ends);
    ends.clear();
    std::size_t begin = 0;
    for (const std::uint32_t piece_end : pieces) {
      const std::string_view piece = text.substr(begin, piece_end - begin);
      Ends cuts(ends, begin);
      std::size_t from = 0, match_begin = 0, match_end = 0;
      while (from < piece.size() && pattern->next(piece, from, scratch, match_begin, match_end)) {
        if (pattern->cuts() != Cuts::threes) cuts.cut(match_begin);
        if (pattern->cuts() != Cuts::at_ends) cut_threes(piece, match_begin, match_end, cuts);
        if (pattern->cuts() != Cuts::threes) cuts.cut(match_end);
        from = match_end;
        if (match_end <= match_begin)  // empty: go on behind the next character
          from = match_begin < piece.size() ? match_begin + utf8_front(piece.substr(match_begin)).size : piece.size();
      }
      cuts.cut(piece.size());
      begin = piece_end;
    }
  }
}

}  // namespace quern::engine

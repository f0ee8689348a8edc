// One regular expression over UTF-8 text (PCRE2: UTF, UCP, $ only at the very end). Threads: const after compilation,
// any number at once with a Scratch each. Limits: each match has limits of steps and of memory that grow with the text;
// one that hits them is an error, never "no match".
#pragma once

#include "base/result.hpp"
#include "engine/tokenizer/utf8.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace quern::engine {

class TextPattern {
 public:
  class Scratch {  // of one thread
   public:
    Scratch();
    ~Scratch();

   private:
    friend class TextPattern;
    struct Impl;
    std::unique_ptr<Impl> impl_;  // null: no memory, which next() reports
  };
  struct Match {
    std::size_t begin = 0, end = 0;
    bool found = false;
    int error = 0;  // why the search was given up, for give_up(); 0: it was not
  };

  // use_jit: compile to machine code where the system allows it; otherwise, or when false, patterns are interpreted.
  // Errors: unsupported, naming the owner, the pattern and what PCRE2 says against it.
  static Result<TextPattern> compile(std::string_view owner, std::string_view source, bool use_jit = true);
  TextPattern(TextPattern&&) noexcept;
  TextPattern& operator=(TextPattern&&) noexcept;
  ~TextPattern();

  // The first match in `text` (valid UTF-8) at or after `from`.
  Match next(std::string_view text, std::size_t from, const Scratch& scratch) const;
  // visit(begin, end) -> Status for each match of `text`, as Oniguruma goes through them: one that is empty does not
  // count right behind another. Errors: bad_input, and those of visit.
  template <class Visit>
  Status each_match(std::string_view text, const Scratch& scratch, const Visit& visit) const {
    std::size_t last_end = SIZE_MAX;
    for (std::size_t from = 0; from <= text.size();) {
      const Match match = next(text, from, scratch);
      if (match.error != 0) return give_up(match, text.size(), from);
      if (!match.found) return {};
      from = match.end;
      if (match.begin == match.end && match.end == last_end) {
        from += from < text.size() ? utf8_front(text.substr(from)).size : 1;
        continue;
      }
      last_end = match.end;
      QUERN_CHECK(visit(match.begin, match.end));
    }
    return {};
  }
  // bad_input, naming the pattern, the place and the limit. match.error is not 0.
  Error give_up(const Match& match, std::size_t n_bytes, std::size_t from) const;

 private:
  struct Code;
  explicit TextPattern(std::unique_ptr<Code> code);
  std::unique_ptr<Code> code_;
};

}  // namespace quern::engine

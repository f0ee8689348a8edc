// One regular expression over UTF-8 text (PCRE2: UTF, UCP, $ only at the very end). Threads: const after compilation,
// any number at once with a MatchScratch each. Limits: each match has a step and a heap limit; one that hits them finds
// nothing.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <memory>
#include <string_view>

namespace quern::engine {

class TextPattern {
 public:
  class Scratch {  // of one thread
   public:
    Scratch();
    ~Scratch();
    bool usable() const noexcept { return impl_ != nullptr; }

   private:
    friend class TextPattern;
    struct Impl;
    std::unique_ptr<Impl> impl_;
  };
  struct Match {
    std::size_t begin = 0, end = 0;
    bool found = false;
  };

  // use_jit: compile to machine code where the system allows it; otherwise, or when false, patterns are interpreted.
  // Errors: unsupported, naming the owner, the pattern and what PCRE2 says against it.
  static Result<TextPattern> compile(std::string_view owner, std::string_view source, bool use_jit = true);
  TextPattern(TextPattern&&) noexcept;
  TextPattern& operator=(TextPattern&&) noexcept;
  ~TextPattern();

  // The first match in `text` (valid UTF-8) at or after `from`.
  Match next(std::string_view text, std::size_t from, const Scratch& scratch) const;

 private:
  struct Code;
  explicit TextPattern(std::unique_ptr<Code> code);
  std::unique_ptr<Code> code_;
};

}  // namespace quern::engine

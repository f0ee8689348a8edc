// Cuts text into the words within which BPE may merge, by the regular expressions of a PretokenizerSpec.
// Threads: const after creation, any number at once. Limits: texts below 2 GiB, and those of a TextPattern's match.
#pragma once

#include "base/result.hpp"
#include "engine/tokenizer/pretokenizer_table.hpp"
#include "engine/tokenizer/text_pattern.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace quern::engine {

class Pretokenizer {
 public:
  // use_jit: as for TextPattern. Errors: unsupported, naming the pre-tokenizer and the pattern that PCRE2 refuses.
  static Result<Pretokenizer> create(const PretokenizerSpec& spec, bool use_jit = true);
  // The same with patterns of a file's own.
  static Result<Pretokenizer> create(std::string_view owner, std::span<const std::string> patterns,
                                     bool use_jit = true);

  // Replaces `ends` by the end offset of each piece, ascending; the last one is text.size(). `text` must be valid
  // UTF-8. Errors: bad_input, where a pattern gives up: nothing is cut then.
  Status split(std::string_view text, std::vector<std::uint32_t>& ends) const;

 private:
  // Where a match is cut.
  enum class Cuts : std::uint8_t { at_ends, threes, isolated_threes };
  struct Step {
    TextPattern pattern;
    Cuts cuts;
  };
  Pretokenizer() = default;
  std::vector<Step> steps_;
};

}  // namespace quern::engine

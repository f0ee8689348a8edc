// What a vocabulary does to text before cutting it up. Threads: const, any number at once.
#pragma once

#include <string>
#include <string_view>

namespace quern::engine {

class TextNormalizer {
 public:
  virtual ~TextNormalizer() = default;
  // Of a stretch of ordinary text, between special tokens. at_start: nothing stands before it, no special token either.
  virtual std::string apply(std::string_view text, bool at_start) const = 0;
};

}  // namespace quern::engine

// What a vocabulary does to text before cutting it up. Threads: const, any number at once.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace quern::engine {

class TextNormalizer {
 public:
  virtual ~TextNormalizer() = default;
  // Of a stretch of ordinary text, between special tokens. Errors: bad_input.
  virtual Result<std::string> apply(std::string_view text) const = 0;
};

}  // namespace quern::engine

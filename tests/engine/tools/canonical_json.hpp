// JSON texts that say the same, as one text: members sorted, no blanks, characters instead of escapes; numbers as they
// are written. For tests. Throws std::runtime_error for what is no JSON.
#pragma once

#include <string>
#include <string_view>

namespace quern::test {

std::string canonical_json(std::string_view text);

}  // namespace quern::test

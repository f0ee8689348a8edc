// Sets of characters by Unicode's general categories. Threads: any.
#pragma once

#include "engine/grammar/char_set.hpp"

#include <string_view>

namespace quern::engine::grammar {

// "L", "Lu", "Letter", "Uppercase_Letter", "Any", "ASCII" ...; nullptr: not known. Made when first asked for.
const CharSet* unicode_property(std::string_view name);

}  // namespace quern::engine::grammar

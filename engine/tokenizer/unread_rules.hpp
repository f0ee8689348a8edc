// Keys that change how text becomes tokens, for tokenizer models that do not read them: they must say nothing, or the
// file is refused. Threads: any. Errors: unsupported naming the key; those of typed access.
#pragma once

#include "base/result.hpp"
#include "engine/gguf/reader.hpp"

#include <string_view>

namespace quern::engine {

Status refuse_unread_rules(const gguf::GgufFile& file, std::string_view model);

}  // namespace quern::engine

// The vocabulary of another file for a synthetic model: everything about its tokenizer, templates included.
// Threads: pure functions. Errors: bad_input naming the key: the file has no tokens, or too many.
#pragma once

#include "base/result.hpp"
#include "engine/gguf/header_builder.hpp"
#include "engine/gguf/reader.hpp"

#include <cstdint>

namespace quern::app {

Result<std::uint32_t> count_tokens(const engine::gguf::GgufFile& file);
void copy_vocabulary(const engine::gguf::GgufFile& from, engine::gguf::HeaderBuilder& header);  // all tokenizer.* keys

}  // namespace quern::app

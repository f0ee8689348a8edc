// Templates that quern brings along, by name. Source: ChatML as OpenAI published it; the Llama 2 format from
// meta-llama/llama generation.py. `plain` is our own, for models that were never taught a format: one line per message,
// as in a script, which a base model tends to continue. Threads: constants.
#pragma once

#include "base/result.hpp"

#include <span>
#include <string_view>

namespace quern::engine::chat {

struct Builtin {
  std::string_view name;
  std::string_view source;                  // Jinja; a BOS is not part of it, the tokenizer adds it
  std::span<const std::string_view> stops;  // where an answer is over although the vocabulary has no token for it
};

std::span<const Builtin> builtins() noexcept;
const Builtin* find_builtin(std::string_view name) noexcept;  // nullptr: none of that name

}  // namespace quern::engine::chat

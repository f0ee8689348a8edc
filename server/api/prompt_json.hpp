// Prompts of completions: text, or tokens. Threads: pure functions.
#pragma once

#include "engine/tokenizer/tokenizer.hpp"
#include "server/api/json_fields.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace quern::server {

using PromptInput = std::variant<std::string, std::vector<engine::TokenId>>;

// [1, 2, 3]. nullopt: `fields` has the error, which names field[i].
std::optional<std::vector<engine::TokenId>> read_tokens(JsonFields& fields, const std::string& field,
                                                        const json::array& array, std::uint32_t n_vocab);

}  // namespace quern::server

// Prompts of completions: text, or tokens. Threads: pure functions.
#pragma once

#include "engine/tokenizer/tokenizer.hpp"
#include "server/api/json_fields.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace quern::server {

using PromptInput = std::variant<std::string, std::vector<engine::TokenId>>;

// [1, 2, 3]. nullopt: `fields` has the error, which names field[i].
std::optional<std::vector<engine::TokenId>> read_tokens(JsonFields& fields, const std::string& field,
                                                        const json::array& array, std::uint32_t n_vocab);

// The field `key`: one of them, or an array of at most `most`. Notes errors in `fields`: missing, another type, an id
// outside the vocabulary, none or too many.
void read_prompts(JsonFields& fields, std::string_view key, std::uint32_t most, std::uint32_t n_vocab,
                  std::vector<PromptInput>& out);
// "input" of one, "input[3]" of several.
std::string prompt_path(std::string_view key, std::size_t index, std::size_t n);

}  // namespace quern::server

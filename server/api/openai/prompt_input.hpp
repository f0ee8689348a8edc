// What the OpenAI API calls a prompt or an input: a text, token ids, or an array of these. Pure. Threads: any.
#pragma once

#include "engine/tokenizer/tokenizer.hpp"
#include "server/api/json_fields.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace quern::server {

using PromptInput = std::variant<std::string, std::vector<engine::TokenId>>;

// Notes errors in `fields`: missing, another type, an id outside the vocabulary, none or more than `most`.
void read_prompts(JsonFields& fields, std::string_view key, std::uint32_t most, std::uint32_t n_vocab,
                  std::vector<PromptInput>& out);
// "input" of one, "input[3]" of several.
std::string prompt_path(std::string_view key, std::size_t index, std::size_t n);

}  // namespace quern::server

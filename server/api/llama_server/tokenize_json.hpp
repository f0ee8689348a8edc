// POST /tokenize and /detokenize as plain data, and their answers. Pure. Threads: any. Fields as llama-server names
// them.
#pragma once

#include "server/api/generation_json.hpp"
#include "server/pipeline/document.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quern::server {

struct TokenizeRequest {
  std::string content;
  engine::EncodeOptions options{.add_special = false, .parse_special = true};
  bool with_pieces = false;
};

// Errors: bad_input naming the field.
Result<TokenizeRequest> parse_tokenize_request(const Document& document, const RequestRules& rules);

// {"tokens": [1, 2]}, with pieces {"tokens": [{"id": 1, "piece": "a"}]}; a piece that is not UTF-8 is an array of
// bytes.
std::string tokenize_json(std::span<const engine::TokenId> tokens, bool with_pieces,
                          const engine::Tokenizer& tokenizer);

// Errors: bad_input naming tokens[i].
Result<std::vector<engine::TokenId>> parse_detokenize_request(const Document& document, const RequestRules& rules);

}  // namespace quern::server

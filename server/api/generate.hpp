// From a parsed request to its answer: what completions and chat completions have in common. Checks lengths, submits
// one ticket per choice, and writes the answer whole or as an event stream. The JSON of an answer is the endpoint's
// business. Threads: the connection's strand.
#pragma once

#include "server/api/answer.hpp"
#include "server/api/answer_shape.hpp"
#include "server/api/encode.hpp"
#include "server/api/generation_json.hpp"
#include "server/exchange.hpp"
#include "server/server_state.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace quern::server {

Envelope make_envelope(std::string_view id_prefix, const ServerState& state);

// Errors: not_found for a model that is not the one served.
Status check_model(std::string_view asked, const ServerState& state);

// The tokens that a request may generate: max_tokens if it fits, else what fits up to the default.
// Errors: bad_input naming the field (`prompt_field` or max_tokens) and the numbers.
Result<std::uint32_t> fit_context(std::size_t n_prompt, std::optional<std::uint32_t> max_tokens,
                                  std::string_view prompt_field, const ServerLimits& limits, std::uint32_t max_context);

struct Job {
  std::vector<std::vector<engine::TokenId>> prompts;
  GenerationFields fields;
  std::string_view prompt_field;                  // how the endpoint calls its prompt: "prompt", "messages"
  std::string_view endpoint;                      // for /control/requests
  std::vector<engine::TokenId> stop_tokens = {};  // ends besides those of the vocabulary
};

// Replies in every case. Closing the connection cancels the generation.
net::awaitable<void> generate(Exchange& exchange, ServerState& state, Job job, const AnswerShape& shape);

}  // namespace quern::server

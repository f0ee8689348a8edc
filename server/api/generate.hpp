// From a parsed request to its answer: what completions and chat completions have in common. Checks lengths, submits
// one ticket per choice, and writes the answer whole or as an event stream. The JSON of an answer is the endpoint's
// business. Threads: the connection's strand; add_prompt and the checks any.
#pragma once

#include "server/api/admission.hpp"
#include "server/api/answer.hpp"
#include "server/api/answer_shape.hpp"
#include "server/api/generation_json.hpp"
#include "server/exchange.hpp"
#include "server/pipeline/effort.hpp"
#include "server/server_state.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quern::server {

Envelope make_envelope(std::string_view id_prefix, const ServerState& state);

// Errors: not_found for a model that is not the one served.
Status check_model(std::string_view asked, const std::string& served);

// The tokens that a request may generate: max_tokens if it fits, else what fits up to the default.
// Errors: bad_input naming the field (`prompt_field` or max_tokens) and the numbers.
Result<std::uint32_t> fit_context(std::size_t n_prompt, std::optional<std::uint32_t> max_tokens,
                                  std::string_view prompt_field, const ServerLimits& limits, std::uint32_t max_context);

// Encodes one more prompt, or says in too_long that it cannot fit. Errors: overloaded, cancelled.
Status add_prompt(Prepared& out, std::string_view text, engine::EncodeOptions options, const std::string& field,
                  Effort& effort);

// Replies in every case. Closing the connection cancels the generation.
net::awaitable<void> generate(Exchange& exchange, ServerState& state, Prepared prepared,
                              std::shared_ptr<const AnswerShape> shape);

// 200 with the body, or the error's reply.
net::awaitable<void> reply_with(Exchange& exchange, Result<std::string> body);

}  // namespace quern::server

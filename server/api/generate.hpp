// From a prepared request to its answer: what every endpoint that generates has in common, whatever its dialect.
// Threads: the connection's strand.
#pragma once

#include "models/generator.hpp"
#include "server/api/answer_writer.hpp"
#include "server/api/generation_json.hpp"
#include "server/exchange.hpp"
#include "server/pipeline/prepare.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quern::server {

// What a dialect has made of a request.
struct Prepared {
  std::vector<std::vector<engine::TokenId>> prompts;
  GenerationFields fields;
  std::string_view prompt_field;                  // how the endpoint calls its prompt: "prompt", "messages"
  std::string_view endpoint;                      // for /control/requests
  std::vector<std::string> template_stops = {};   // ends besides the request's own
  std::vector<engine::TokenId> stop_tokens = {};  // ends besides those of the vocabulary
  models::ReasoningFormat reasoning = {};
  std::uint64_t n_kept_bytes = 0;      // of the request, that its writer keeps
  std::optional<Error> too_long = {};  // a prompt that cannot fit: no tokens were counted
};

// Generates and answers, streamed or whole. The reply is an error if nothing could be generated: 400 context, 429 queue
// full, too late or no memory, 499 cancelled, 500 model, 503 draining.
net::awaitable<void> generate(Exchange& exchange, ServerState& state, Understood<Prepared> request,
                              std::shared_ptr<AnswerWriter> writer);

// Tokens of a prompt, or the note that it is too long. Errors: those of Effort::encode.
Status add_prompt(Prepared& out, std::string_view text, engine::EncodeOptions options, const std::string& field,
                  Effort& effort);

// How many tokens may be generated after n_prompt: max_tokens or the default, as far as they fit. Errors: bad_input
// with the numbers, naming prompt_field.
Result<std::uint32_t> fit_context(std::size_t n_prompt, std::optional<std::uint32_t> max_tokens,
                                  std::string_view prompt_field, const ServerLimits& limits, std::uint32_t max_context);

// Replies with what the work makes of the request.
net::awaitable<void> reply_prepared(Exchange& exchange, ServerState& state, Preparation<std::string> work);

}  // namespace quern::server

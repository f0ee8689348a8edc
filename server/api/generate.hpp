// From a prepared request to its answer: what every endpoint that generates has in common, whatever its dialect.
// Threads: the connection's strand.
#pragma once

#include "models/generator.hpp"
#include "server/api/answer_writer.hpp"
#include "server/api/generation_json.hpp"
#include "server/exchange.hpp"
#include "server/http_error.hpp"
#include "server/pipeline/prepare.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
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
  engine::tools::AnswerFormat format = {};
  std::vector<engine::TokenId> shown_tokens = {};
  engine::grammar::ConstraintPlan constraint = {};
  std::shared_ptr<const models::RemoteAsk> ask = {};  // for models elsewhere, which have no prompts
  std::uint64_t n_kept_bytes = 0;                     // of the request, that its writer keeps
  std::optional<Error> too_long = {};                 // a prompt that cannot fit: no tokens were counted
};

// Generates and answers, streamed or whole. The reply is an error if nothing could be generated: 400 context, 429 queue
// full, too late or no memory, 499 cancelled, 500 model, 503 draining.
net::awaitable<void> generate(Exchange& exchange, ServerState& state, Understood<Prepared> request,
                              std::shared_ptr<AnswerWriter> writer);

// The work of an endpoint that has nothing of its own between the two: W is Prepared, or has a member `prepared`.
// make_writer may take the rest of it.
template <class W>
using WriterOf = std::shared_ptr<AnswerWriter> (*)(const models::ServedModel& model, W& work);
template <class W>
net::awaitable<void> understand_and_generate(Exchange& exchange, ServerState& state, Preparation<W> work,
                                             WriterOf<W> make_writer, Place place = Place::here) {
  exchange.allow_early_stream();
  Result<Understood<W>> request = co_await understand<W>(exchange, state, work, models::Work::generate, place);
  if (!request) {
    Response response = error_response(request.error());
    co_await exchange.reply(std::move(response));
    co_return;
  }
  std::shared_ptr<AnswerWriter> writer = make_writer(*request->model, request->value);
  if constexpr (std::is_same_v<W, Prepared>) {
    co_await generate(exchange, state, std::move(*request), std::move(writer));
  } else {
    Understood<Prepared> prepared{std::move(request->model), std::move(request->value.prepared)};
    co_await generate(exchange, state, std::move(prepared), std::move(writer));
  }
}

// How many tokens the prompt has, behind `opening` and before a brace; or why that is not known: the same error as
// generate() would give.
Response count_response(const Result<Understood<Prepared>>& request, const ServerState& state,
                        std::string_view opening);

// Tokens of a prompt, or the note that it is too long. Errors: those of Effort::encode.
Status add_prompt(Prepared& out, std::string_view text, engine::EncodeOptions options, const std::string& field,
                  Effort& effort);

// How many tokens may be generated after n_prompt: max_tokens or the default, as far as they fit. Errors: bad_input
// with the numbers, naming prompt_field.
Result<std::uint32_t> fit_context(std::size_t n_prompt, std::optional<std::uint32_t> max_tokens,
                                  std::string_view prompt_field, const ServerLimits& limits, std::uint32_t max_context);

// Replies with what the work makes of the request.
net::awaitable<void> reply_prepared(Exchange& exchange, ServerState& state, Preparation<std::string> work,
                                    Place place = Place::here);

}  // namespace quern::server

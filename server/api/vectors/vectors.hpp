// From prepared texts to the reply with their vectors: what every endpoint that embeds or ranks has in common, whatever
// its dialect. Threads: the connection's strand; writers are pure and may run on a helper thread.
#pragma once

#include "models/embedder.hpp"
#include "server/api/generation_json.hpp"
#include "server/exchange.hpp"
#include "server/http_error.hpp"
#include "server/pipeline/prepare.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quern::server {

struct PreparedTexts {
  std::vector<std::vector<engine::TokenId>> texts;
  std::vector<std::string> plain = {};  // instead of tokens, for models elsewhere
  GenerationFields scheduling;          // the part that read_scheduling() reads
  std::string_view endpoint;            // for /control/requests
};

struct VectorFacts {
  std::uint64_t n_tokens = 0;  // of all texts
  double total_s = 0, queued_s = 0;
};

// The body of the reply.
using VectorWriter = std::function<std::string(models::Vectors vectors, const VectorFacts& facts)>;

// Computes and replies. The reply is an error if there are no vectors: 429 queue full, too late or no memory, 499
// cancelled, 500 model, 503 draining. REQUIRES: the model embeds or ranks.
net::awaitable<void> reply_vectors(Exchange& exchange, ServerState& state, std::shared_ptr<models::ServedModel> model,
                                   PreparedTexts texts, VectorWriter writer);

// The work of an endpoint that has nothing of its own between the two: W has a member `texts`. make_writer may take the
// rest of it. No texts: the writer's reply to none.
template <class W>
using VectorWriterOf = VectorWriter (*)(const models::ServedModel& model, W& work);
template <class W>
net::awaitable<void> understand_and_compute(Exchange& exchange, ServerState& state, Preparation<W> work,
                                            models::Work wanted, VectorWriterOf<W> make_writer,
                                            Place place = Place::here) {
  Result<Understood<W>> request = co_await understand<W>(exchange, state, work, wanted, place);
  if (!request) {
    Response response = error_response(request.error());
    co_await exchange.reply(std::move(response));
    co_return;
  }
  VectorWriter writer = make_writer(*request->model, request->value);
  if (request->value.texts.texts.empty() && request->value.texts.plain.empty()) {
    Response response{.body = writer({}, {})};
    co_await exchange.reply(std::move(response));
    co_return;
  }
  co_await reply_vectors(exchange, state, std::move(request->model), std::move(request->value.texts),
                         std::move(writer));
}

// To unit length; one of zeros stays as it is.
void normalize(std::span<float> vector) noexcept;
// [1.5,-2,...] in as few digits as bring the same float back.
void append_floats(std::string& out, std::span<const float> values);
std::string base64(std::span<const float> values);  // of their bytes, little-endian

// The one score of each pair. raw: as the model gives it; else where it has one output a probability by the logistic
// function, where it has several it is one already.
std::vector<double> scores_of(const models::Vectors& vectors, bool raw);

}  // namespace quern::server

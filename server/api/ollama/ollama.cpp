// /api/*: Ollama's API. Errors: 400 bad JSON or value, 404 another model, 429 line full, 503 draining.
#include "server/api/constrain.hpp"
#include "server/api/endpoints.hpp"
#include "server/api/fill_in.hpp"
#include "server/api/generate.hpp"
#include "server/api/ollama/ollama_json.hpp"
#include "server/api/ollama/ollama_models.hpp"
#include "server/api/ollama/ollama_writer.hpp"

#include <utility>

#include <boost/json/serialize.hpp>

namespace quern::server {
namespace {

// Clients ask for the version before they speak: that of Ollama whose API this is.
constexpr std::string_view kVersion = R"({"version":"0.13.5","quern":")" QUERN_VERSION "\"}";

struct Work {
  Prepared prepared;
  bool nothing = false, unload = false;
};

Result<Work> prepare_ollama_chat(const Document& document, Effort& effort) {
  QUERN_TRY(OllamaRequest request, parse_ollama_chat(document, effort.rules()));
  Work out{.nothing = request.nothing, .unload = request.unload};
  if (out.nothing) {
    out.prepared.fields = std::move(request.turn.fields);
    return out;
  }
  QUERN_TRY(out.prepared, prepare_turn(std::move(request.turn), "messages", "POST /api/chat", effort));
  return out;
}

Result<Work> prepare_ollama_generate(const Document& document, Effort& effort) {
  constexpr std::string_view kEndpoint = "POST /api/generate";
  QUERN_TRY(OllamaRequest request, parse_ollama_generate(document, effort.rules()));
  Work out{.nothing = request.nothing, .unload = request.unload};
  if (out.nothing || request.raw || !request.suffix.empty()) {
    out.prepared.fields = std::move(request.turn.fields);
    out.prepared.prompt_field = "prompt";
    out.prepared.endpoint = kEndpoint;
    if (out.nothing) return out;
    QUERN_CHECK(constrain(out.prepared, effort));
    if (!request.suffix.empty()) {
      FillIn what{.prefix = {}, .suffix = std::move(request.suffix)};
      what.prefix.emplace_back(std::move(request.prompt));
      QUERN_CHECK(add_fill_in(out.prepared, what, {.prefix = "prompt", .suffix = "suffix", .files = {}}, effort));
      return out;
    }
    const engine::EncodeOptions options{.add_special = true, .parse_special = true};
    QUERN_CHECK(add_prompt(out.prepared, request.prompt, options, "prompt", effort));
    return out;
  }
  QUERN_TRY(out.prepared, prepare_turn(std::move(request.turn), "prompt", kEndpoint, effort));
  return out;
}

net::awaitable<void> answer(Exchange& exchange, ServerState& state, Preparation<Work> work, OllamaWriter::Kind kind) {
  Result<Understood<Work>> request = co_await understand<Work>(exchange, state, work);
  if (!request) {
    Response response = error_response(request.error());
    co_await exchange.reply(std::move(response));
    co_return;
  }
  const GenerationFields& fields = request->value.prepared.fields;
  const std::string name = fields.model.empty() ? request->model->id : fields.model;
  auto writer = std::make_shared<OllamaWriter>(kind, name, fields.logprobs.wanted);
  if (request->value.nothing) {
    Response response{.body = writer->nothing(request->value.unload ? "unload" : "load")};
    co_await exchange.reply(std::move(response));
    co_return;
  }
  Understood<Prepared> prepared{std::move(request->model), std::move(request->value.prepared)};
  co_await generate(exchange, state, std::move(prepared), std::move(writer));
}

Result<std::string> prepare_show(const Document& document, Effort& effort) {
  JsonFields fields(document.root, "", effort.rules().unknown);
  fields.ignore({"model", "name", "verbose", "system", "template", "options"});
  QUERN_CHECK(fields.finish());
  return json::serialize(ollama_show(effort.model()));
}

}  // namespace

net::awaitable<void> post_ollama_chat(Exchange& exchange, ServerState& state) {
  co_await answer(exchange, state, &prepare_ollama_chat, OllamaWriter::Kind::chat);
}

net::awaitable<void> post_ollama_generate(Exchange& exchange, ServerState& state) {
  co_await answer(exchange, state, &prepare_ollama_generate, OllamaWriter::Kind::generate);
}

net::awaitable<void> post_ollama_show(Exchange& exchange, ServerState& state) {
  co_await reply_prepared(exchange, state, &prepare_show);
}

net::awaitable<void> get_ollama_tags(Exchange& exchange, ServerState& state) {
  Response response{.body = json::serialize(ollama_list(state.services.models, false))};
  co_await exchange.reply(std::move(response));
}

net::awaitable<void> get_ollama_ps(Exchange& exchange, ServerState& state) {
  Response response{.body = json::serialize(ollama_list(state.services.models, true))};
  co_await exchange.reply(std::move(response));
}

net::awaitable<void> get_ollama_version(Exchange& exchange, ServerState&) {
  Response response{.body = std::string(kVersion)};
  co_await exchange.reply(std::move(response));
}

net::awaitable<void> get_root(Exchange& exchange, ServerState&) {
  Response response{.body = "quern is running", .content_type = "text/plain; charset=utf-8"};
  co_await exchange.reply(std::move(response));
}

}  // namespace quern::server

// /api/*: Ollama's API. Errors: 400 bad JSON or value, 404 another model, 429 line full, 503 draining.
#include "server/api/constrain.hpp"
#include "server/api/endpoints.hpp"
#include "server/api/fill_in.hpp"
#include "server/api/generate.hpp"
#include "server/api/keep_alive.hpp"
#include "server/api/ollama/ollama_json.hpp"
#include "server/api/ollama/ollama_models.hpp"
#include "server/api/ollama/ollama_writer.hpp"
#include "server/api/remote_ask.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/json/serialize.hpp>

namespace quern::server {
namespace {

// Clients ask for the version before they speak: that of Ollama whose API this is.
constexpr std::string_view kVersion = R"({"version":"0.13.5","quern":")" QUERN_VERSION "\"}";

struct Work {
  Prepared prepared;
  bool nothing = false;
};

Result<Work> prepare_ollama_chat(const Document& document, Effort& effort) {
  QUERN_TRY(OllamaRequest request, parse_ollama_chat(document, effort.rules()));
  Work out{.nothing = request.nothing};
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
  Work out{.nothing = request.nothing};
  if (out.nothing || request.raw || !request.suffix.empty()) {
    out.prepared.fields = std::move(request.turn.fields);
    out.prepared.prompt_field = "prompt";
    out.prepared.endpoint = kEndpoint;
    if (out.nothing) return out;
    const models::ServedModel& model = effort.model();
    if (!request.suffix.empty() && !model.is_local()) return only_here("suffix", model);
    if (model.takes_asks && request.suffix.empty()) {
      out.prepared.ask = ask_of({request.prompt}, out.prepared.fields, effort);
    }
    if (!model.is_local()) return out;
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

// Nothing to answer, and nothing that should stay: the client wants the model out of memory.
bool wants_unload(const json::object& request) {
  for (const char* const field : {"messages", "prompt", "suffix"}) {
    const json::value* const value = request.if_contains(field);
    if (value == nullptr) continue;
    if (const auto* text = value->if_string(); text != nullptr && text->empty()) continue;
    if (const auto* list = value->if_array(); list != nullptr && list->empty()) continue;
    return false;
  }
  const Result<std::optional<Duration>> keep_alive = read_keep_alive(request);
  return keep_alive && *keep_alive && **keep_alive == Duration::zero();
}

Response unload(const Document& document, const Dialect& dialect, ServerState& state, OllamaWriter::Kind kind) {
  const std::string name = model_name(document, dialect);
  const Result<std::shared_ptr<const models::ModelCard>> card = state.services.models.find(name);
  if (!card) return error_response(card.error());
  if (const Status done = state.services.models.unload(name); !done) return error_response(done.error());
  return {.body = OllamaWriter(kind, name.empty() ? (*card)->id : name, false).nothing("unload")};
}

net::awaitable<void> answer(Exchange& exchange, ServerState& state, Preparation<Work> work, OllamaWriter::Kind kind) {
  Result<std::shared_ptr<const Document>> document = co_await read_document(exchange, state);
  if (!document) {
    Response response = error_response(document.error());
    co_await exchange.reply(std::move(response));
    co_return;
  }
  if (wants_unload((*document)->root)) {
    Response response = unload(**document, exchange.dialect(), state, kind);
    co_await exchange.reply(std::move(response));
    co_return;
  }
  exchange.allow_early_stream();
  Result<Understood<Work>> request =
      co_await understand<Work>(exchange, state, std::move(*document), work, models::Work::generate, Place::anywhere);
  if (!request) {
    Response response = error_response(request.error());
    co_await exchange.reply(std::move(response));
    co_return;
  }
  const GenerationFields& fields = request->value.prepared.fields;
  const std::string name = fields.model.empty() ? request->model->id : fields.model;
  auto writer = std::make_shared<OllamaWriter>(kind, name, fields.logprobs.wanted);
  if (request->value.nothing) {
    Response response{.body = writer->nothing("load")};
    co_await exchange.reply(std::move(response));
    co_return;
  }
  Understood<Prepared> prepared{std::move(request->model), std::move(request->value.prepared)};
  co_await generate(exchange, state, std::move(prepared), std::move(writer));
}

// Without loading anything.
Result<std::string> show(const Document& document, Exchange& exchange, const ServerState& state) {
  std::vector<std::string> unknown;
  JsonFields fields(document.root, "", &unknown);
  fields.ignore({"model", "name", "verbose", "system", "template", "options"});
  QUERN_CHECK(fields.finish());
  QUERN_TRY(const auto card, state.services.models.find(model_name(document, exchange.dialect())));
  exchange.note_ignored(std::move(unknown));
  return json::serialize(ollama_show(*card));
}

}  // namespace

net::awaitable<void> post_ollama_chat(Exchange& exchange, ServerState& state) {
  co_await answer(exchange, state, &prepare_ollama_chat, OllamaWriter::Kind::chat);
}

net::awaitable<void> post_ollama_generate(Exchange& exchange, ServerState& state) {
  co_await answer(exchange, state, &prepare_ollama_generate, OllamaWriter::Kind::generate);
}

net::awaitable<void> post_ollama_show(Exchange& exchange, ServerState& state) {
  const Result<std::shared_ptr<const Document>> document = co_await read_document(exchange, state);
  const Result<std::string> body = document ? show(**document, exchange, state) : document.error();
  Response response = body ? Response{.body = *body} : error_response(body.error());
  co_await exchange.reply(std::move(response));
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

// GET /control/models: which models are in memory, and why. POST /v1/models/load and unload. Errors: 400 bad JSON, 404
// no such model, 429 no room. Source: llama-server's router mode, "POST /models/load".
#include "models/model_catalog.hpp"
#include "server/api/control/models_json.hpp"
#include "server/api/endpoints.hpp"
#include "server/api/json_fields.hpp"
#include "server/http_error.hpp"
#include "server/pipeline/acquire.hpp"
#include "server/pipeline/prepare.hpp"
#include "server/pipeline/read_document.hpp"

#include <memory>
#include <string>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace quern::server {
namespace {

constexpr double kMs = 1000;

Result<std::string> read_model_field(const Document& document) {
  JsonFields fields(document.root, "", nullptr);
  fields.ignore({"model"});
  QUERN_CHECK(fields.finish());
  std::string name = model_name(document, kOpenAi);
  if (name.empty()) return fail_field("model", "expected the name of a model");
  return name;
}

Response success() {
  return {.body = R"({"success":true})"};
}

}  // namespace

json::object model_view_json(const models::ModelView& view) {
  json::object out;
  out["id"] = view.card->id;
  out["state"] = models::model_state_name(view.state);
  out["why"] = why(view);
  out["requests"] = view.n_held;
  out["waiting"] = view.n_waiting;
  out["bytes"] = view.bytes;
  out["estimated_bytes"] = view.estimated_bytes;
  out["pinned"] = view.stay.pinned;
  out["expires_in_s"] = view.expires_in ? json::value(to_seconds(*view.expires_in)) : json::value();
  out["loads"] = view.n_loads;
  out["load_ms"] = to_seconds(view.load_took) * kMs;
  out["context"] = view.card->max_context;
  out["quantization"] = view.card->quantization;
  return out;
}

std::string why(const models::ModelView& view) {
  switch (view.state) {
    case models::ModelState::absent:
      return "nobody asked for it";
    case models::ModelState::waiting:
      return "waits for memory, or for another model that is being loaded";
    case models::ModelState::loading:
      return "somebody asked for it";
    case models::ModelState::leaving:
      return "another model needs its memory: it ends what it has begun";
    case models::ModelState::resident:
      break;
  }
  if (view.n_held > 0) return "it answers requests";
  if (view.stay.pinned) return "it is pinned";
  return view.expires_in ? "it was used lately" : "it is to stay";
}

net::awaitable<void> get_control_models(Exchange& exchange, ServerState& state) {
  json::array list;
  for (const models::ModelView& view : state.services.models.views()) list.push_back(model_view_json(view));
  json::object out;
  out["models"] = std::move(list);
  Response response{.body = json::serialize(out)};
  co_await exchange.reply(std::move(response));
}

net::awaitable<void> post_model_load(Exchange& exchange, ServerState& state) {
  const Result<std::shared_ptr<const Document>> document = co_await read_document(exchange, state);
  const Result<std::string> name = document ? read_model_field(**document) : document.error();
  Response response = name ? success() : error_response(name.error());
  if (name) {
    const Result<std::shared_ptr<models::ServedModel>> model =
        co_await acquire_model(exchange, state, **document, models::Work::any);
    if (!model) response = error_response(model.error());
  }
  co_await exchange.reply(std::move(response));
}

net::awaitable<void> post_model_unload(Exchange& exchange, ServerState& state) {
  const Result<std::shared_ptr<const Document>> document = co_await read_document(exchange, state);
  const Result<std::string> name = document ? read_model_field(**document) : document.error();
  Response response = name ? success() : error_response(name.error());
  if (name) {
    const Status done = state.services.models.unload(*name);
    if (!done) response = error_response(done.error());
  }
  co_await exchange.reply(std::move(response));
}

}  // namespace quern::server

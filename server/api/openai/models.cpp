#include "server/api/endpoints.hpp"
#include "server/api/openai/models_json.hpp"
#include "server/api/sampling_json.hpp"
#include "server/api/timestamp.hpp"
#include "server/http_error.hpp"

#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace quern::server {
namespace {

// "generate", "embed", "rank".
json::array work_of(const models::ModelCard& model) {
  json::array out;
  if (model.can(models::Work::generate)) out.emplace_back("generate");
  if (model.can(models::Work::embed)) out.emplace_back("embed");
  if (model.can(models::Work::rank)) out.emplace_back("rank");
  return out;
}

}  // namespace

json::object model_json(const models::ModelCard& model) {
  json::object meta;
  meta["name"] = model.info.name;
  meta["architecture"] = model.info.architecture;
  meta["n_vocab"] = model.info.n_vocab;
  meta["n_ctx"] = model.max_context;
  meta["n_ctx_train"] = model.info.n_context_train;
  meta["n_embd"] = model.info.n_embd;
  meta["n_params"] = model.info.n_params;
  meta["size"] = model.info.size_bytes;
  meta["work"] = work_of(model);
  if (model.generates) meta["sampling"] = sampling_json(model.sampling);
  json::object out;
  out["id"] = model.id;
  out["object"] = "model";
  out["created"] = model.created_unix_s;
  out["owned_by"] = "quern";
  out["type"] = "model";  // from here on as Anthropic's clients read it
  out["display_name"] = model.id;
  out["created_at"] = rfc3339(model.created_unix_s);
  out["meta"] = std::move(meta);
  return out;
}

namespace {

json::object listed_model(const models::ModelView& view) {
  json::object out = model_json(*view.card);
  out["status"] = json::object{{"value", models::model_state_name(view.state)}};
  return out;
}

}  // namespace

// GET /v1/models.
net::awaitable<void> get_models(Exchange& exchange, ServerState& state) {
  json::object list;
  list["object"] = "list";
  json::array data;
  for (const models::ModelView& view : state.services.models.views()) {
    data.push_back(listed_model(view));
  }
  list["has_more"] = false;
  list["first_id"] = data.empty() ? json::value() : data.front().at("id");
  list["last_id"] = data.empty() ? json::value() : data.back().at("id");
  list["data"] = std::move(data);
  Response response{.body = json::serialize(list)};
  co_await exchange.reply(std::move(response));
}

// GET /v1/models/{path}. Errors: 404.
net::awaitable<void> get_model(Exchange& exchange, ServerState& state) {
  const Result<std::shared_ptr<const models::ModelCard>> card = state.services.models.find(exchange.path_value());
  Response response = card ? Response{} : error_response(card.error());
  for (const models::ModelView& view : state.services.models.views()) {
    if (card && view.card->id == (*card)->id) response.body = json::serialize(listed_model(view));
  }
  co_await exchange.reply(std::move(response));
}

}  // namespace quern::server

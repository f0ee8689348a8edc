#include "server/api/endpoints.hpp"
#include "server/api/generate.hpp"
#include "server/api/models_json.hpp"
#include "server/http_error.hpp"

#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace quern::server {
namespace {

json::object sampling_json(const engine::sampling::SamplingParams& sampling) {
  return {{"temperature", sampling.temperature},
          {"top_k", sampling.top_k},
          {"top_p", sampling.top_p},
          {"min_p", sampling.min_p},
          {"repeat_penalty", sampling.repeat_penalty},
          {"repeat_last_n", sampling.repeat_last_n},
          {"xtc_probability", sampling.xtc_probability},
          {"xtc_threshold", sampling.xtc_threshold}};
}

json::object served_model(const ServerState& state) {
  json::object out = model_json(state.services.model_id, state.services.model, state.services.scheduler.max_context(),
                                state.started_unix_s);
  out["meta"].as_object()["sampling"] = sampling_json(state.options.sampling);
  return out;
}

}  // namespace

json::object model_json(const std::string& id, const engine::ModelInfo& model, std::uint32_t max_context,
                        std::int64_t created_unix_s) {
  json::object meta;
  meta["name"] = model.name;
  meta["architecture"] = model.architecture;
  meta["n_vocab"] = model.n_vocab;
  meta["n_ctx"] = max_context;
  meta["n_ctx_train"] = model.n_context_train;
  meta["n_embd"] = model.n_embd;
  meta["n_params"] = model.n_params;
  meta["size"] = model.size_bytes;
  json::object out;
  out["id"] = id;
  out["object"] = "model";
  out["created"] = created_unix_s;
  out["owned_by"] = "quern";
  out["meta"] = std::move(meta);
  return out;
}

// GET /v1/models.
net::awaitable<void> get_models(Exchange& exchange, ServerState& state) {
  json::object list;
  list["object"] = "list";
  list["data"] = json::array{served_model(state)};
  Response response{.body = json::serialize(list)};
  co_await exchange.reply(std::move(response));
}

// GET /v1/models/{path}. Errors: 404.
net::awaitable<void> get_model(Exchange& exchange, ServerState& state) {
  const Status known = check_model(exchange.path_value(), state.services.model_id);
  Response response = known ? Response{.body = json::serialize(served_model(state))} : error_response(known.error());
  co_await exchange.reply(std::move(response));
}

}  // namespace quern::server

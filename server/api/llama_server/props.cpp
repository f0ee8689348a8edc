// GET /props and /slots. Errors: none.
#include "server/api/endpoints.hpp"
#include "server/api/llama_server/props_json.hpp"
#include "server/http_error.hpp"

#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace quern::server {

// Of the default model.
net::awaitable<void> get_props(Exchange& exchange, ServerState& state) {
  const Result<std::shared_ptr<models::ServedModel>> model = state.services.models.find("", models::Work::generate);
  Response response = model ? Response{.body = json::serialize(props_json(**model))} : error_response(model.error());
  co_await exchange.reply(std::move(response));
}

// Of all models.
net::awaitable<void> get_slots(Exchange& exchange, ServerState& state) {
  json::array slots;
  for (const auto& model : state.services.models.all()) {
    if (model->generator) add_slots(*model, model->generator->requests(), slots);
  }
  Response response{.body = json::serialize(slots)};
  co_await exchange.reply(std::move(response));
}

}  // namespace quern::server

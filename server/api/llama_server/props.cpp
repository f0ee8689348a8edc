// GET /props and /slots. Errors: none.
#include "server/api/endpoints.hpp"
#include "server/api/llama_server/props_json.hpp"
#include "server/http_error.hpp"

#include <algorithm>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace quern::server {

// Of the first model in memory that generates. Errors: 404 none; 501 all are on other servers.
net::awaitable<void> get_props(Exchange& exchange, ServerState& state) {
  const auto residents = state.services.models.residents();
  const auto generates = [](const auto& one) { return one->generator != nullptr; };
  const auto is_here = [&](const auto& one) { return generates(one) && one->is_local(); };
  const auto model = std::ranges::find_if(residents, is_here);
  Response response;
  if (model != residents.end()) {
    response.body = json::serialize(props_json(**model));
  } else if (std::ranges::any_of(residents, generates)) {
    response = error_response(fail(Errc::unsupported, "/props needs a model on this machine, found only others"));
  } else {
    response = error_response(Error{Errc::not_found, "no model that generates text is loaded", "model"});
  }
  co_await exchange.reply(std::move(response));
}

// Of all models.
net::awaitable<void> get_slots(Exchange& exchange, ServerState& state) {
  json::array slots;
  for (const auto& model : state.services.models.residents()) {
    if (model->generator) add_slots(*model, model->generator->requests(), slots);
  }
  Response response{.body = json::serialize(slots)};
  co_await exchange.reply(std::move(response));
}

}  // namespace quern::server

#include "server/api/control/control_json.hpp"
#include "server/api/endpoints.hpp"
#include "server/api/openai/models_json.hpp"
#include "server/http_error.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>
#include <vector>

#include <boost/asio/post.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace quern::server {
namespace {

Result<sched::RequestId> read_id(const std::string& text) {
  sched::RequestId id = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, id);
  if (parsed.ec != std::errc() || parsed.ptr != end) return fail_field("id", "expected a number");
  return id;
}

Error no_such_request(sched::RequestId id) {
  return Error{Errc::not_found, fmt::format("request {}: not here, or finished", id), "id"};
}

Result<std::string> show_request(const std::string& text, const ServerState& state) {
  QUERN_TRY(const sched::RequestId id, read_id(text));
  for (const auto& queue : state.services.models.queues()) {
    const std::optional<sched::RequestStatus> status = queue->request(id);
    if (status) return json::serialize(request_json(*status));
  }
  return no_such_request(id);
}

Result<std::string> cancel_request(const std::string& text, const ServerState& state) {
  QUERN_TRY(const sched::RequestId id, read_id(text));
  for (const auto& queue : state.services.models.queues()) {
    if (queue->cancel(id)) return fmt::format("{{\"id\":{},\"cancelled\":true}}", id);
  }
  return no_such_request(id);
}

// By id, as /v1/models shows them, each with its scheduler.
json::object all_models(const models::ModelCatalog& catalog) {
  json::object out;
  for (const auto& model : catalog.residents()) {
    json::object one = model_json(models::card_of(*model));
    one["scheduler"] = snapshot_json(model->queues().front()->snapshot());
    json::array upstreams;
    for (const models::TaskQueue* const queue : model->queues()) {
      for (const models::UpstreamStatus& upstream : queue->upstreams()) upstreams.push_back(upstream_json(upstream));
    }
    if (!upstreams.empty()) one["upstreams"] = std::move(upstreams);
    out[model->id] = std::move(one);
  }
  return out;
}

Response list_of(const std::vector<sched::RequestStatus>& statuses) {
  json::array requests;
  for (const sched::RequestStatus& status : statuses) requests.push_back(request_json(status));
  json::object out;
  out["requests"] = std::move(requests);
  return Response{.body = json::serialize(out)};
}

Response response_of(const Result<std::string>& body) {
  return body ? Response{.body = *body} : error_response(body.error());
}

}  // namespace

// GET /control/status.
net::awaitable<void> get_control_status(Exchange& exchange, ServerState& state) {
  const Services& services = state.services;
  json::object connections;
  connections["open"] = state.n_connections();
  connections["max"] = state.options.limits.max_connections;
  connections["active_requests"] = state.n_active();
  json::object out;
  out["version"] = QUERN_VERSION;
  out["uptime_s"] = to_seconds(services.clock.now() - state.started);
  out["draining"] = state.draining();
  const auto models = services.models.residents();
  if (!models.empty()) {
    out["model"] = model_json(models::card_of(*models.front()));
    out["scheduler"] = snapshot_json(models.front()->queues().front()->snapshot());
  }
  if (models.size() != 1) out["models"] = all_models(services.models);
  out["memory"] = memory_json(services.ledger);
  out["connections"] = std::move(connections);
  Response response{.body = json::serialize(out)};
  co_await exchange.reply(std::move(response));
}

// GET /control/memory: the byte budget, and what of the KV cache is in use, kept for prompts to come, and free.
net::awaitable<void> get_control_memory(Exchange& exchange, ServerState& state) {
  const Services& services = state.services;
  json::object out = memory_json(services.ledger);
  std::uint64_t page_bytes = 0, free = 0, retained = 0, in_use = 0;
  for (const auto& queue : services.models.queues()) {
    const sched::Snapshot now = queue->snapshot();
    page_bytes = std::max(page_bytes, now.kv_page_bytes);
    free += now.kv_page_bytes * now.kv_pages_free;
    retained += now.kv_page_bytes * now.kv_pages_retained;
    in_use += now.kv_page_bytes * (now.kv_pages - now.kv_pages_free - now.kv_pages_retained);
  }
  json::object kv;
  kv["page_bytes"] = page_bytes;  // of the model with the largest
  kv["free_bytes"] = free;
  kv["prefix_cache_bytes"] = retained;
  kv["in_use_bytes"] = in_use;
  out["kv"] = std::move(kv);
  Response response{.body = json::serialize(out)};
  co_await exchange.reply(std::move(response));
}

// GET /control/requests: what runs and waits.
net::awaitable<void> get_control_requests(Exchange& exchange, ServerState& state) {
  std::vector<sched::RequestStatus> all;
  for (const auto& queue : state.services.models.queues())
    std::ranges::move(queue->requests(), std::back_inserter(all));
  Response response = list_of(all);
  co_await exchange.reply(std::move(response));
}

// GET /control/history: the last requests that have ended, newest first.
net::awaitable<void> get_control_history(Exchange& exchange, ServerState& state) {
  std::vector<sched::RequestStatus> all;
  for (const auto& queue : state.services.models.queues())
    std::ranges::move(queue->ended_requests(), std::back_inserter(all));
  Response response = list_of(all);
  co_await exchange.reply(std::move(response));
}

// GET /control/requests/{id}. Errors: 400, 404.
net::awaitable<void> get_control_request(Exchange& exchange, ServerState& state) {
  Response response = response_of(show_request(exchange.path_value(), state));
  co_await exchange.reply(std::move(response));
}

// DELETE /control/requests/{id}, POST /control/requests/{id}/cancel. Errors: 400, 404.
net::awaitable<void> cancel_control_request(Exchange& exchange, ServerState& state) {
  Response response = response_of(cancel_request(exchange.path_value(), state));
  co_await exchange.reply(std::move(response));
}

// POST /control/drain: as SIGTERM does.
net::awaitable<void> post_control_drain(Exchange& exchange, ServerState& state) {
  state.drain();
  Response response{.status = 202, .body = R"({"draining":true})"};
  co_await exchange.reply(std::move(response));
}

}  // namespace quern::server

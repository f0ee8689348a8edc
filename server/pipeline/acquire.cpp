#include "server/pipeline/acquire.hpp"

#include "server/api/keep_alive.hpp"
#include "server/pipeline/prepare.hpp"
#include "server/pipeline/run_job.hpp"

#include <optional>
#include <string>
#include <utility>

namespace quern::server {
namespace {

using Acquired = Result<std::shared_ptr<models::ServedModel>>;

bool wants_stream(const Document& document, const Dialect& dialect) {
  const json::value* const stream = document.root.if_contains("stream");
  return stream != nullptr && stream->is_bool() ? stream->get_bool() : dialect.streams_unasked;
}

// Clients give up on a server that says nothing: a stream begins while its model is being loaded, and is kept alive.
void speak_meanwhile(models::ModelWait& wait, Exchange& exchange, const ServerLimits& limits, std::string name) {
  models::ModelWait::Then speak = [&exchange, name = std::move(name)]() -> net::awaitable<void> {
    const Dialect& dialect = exchange.dialect();
    if (!exchange.streaming()) {
      exchange.start_stream(dialect.stream_type, [&exchange](const HttpError& error, std::string& out) {
        exchange.dialect().stream_error(exchange.head().path, error, out);
      });
    }
    dialect.waiting(exchange.head().path, name, exchange.out());
    [[maybe_unused]] const bool sent = co_await exchange.flush();  // who has left is noticed by its watch
  };
  wait.meanwhile(limits.stream_head_after, limits.ping_interval, std::move(speak));
}

net::awaitable<Acquired> acquire_known(Exchange& exchange, ServerState& state, std::string name, models::Work wanted,
                                       std::optional<Duration> keep_alive, bool stream) {
  const auto wait = std::make_shared<models::ModelWait>(exchange.executor());
  const auto hook = exchange.on_disconnect([wait] { wait->cancel(); });
  if (stream) speak_meanwhile(*wait, exchange, state.options.limits, name);
  Acquired model = co_await state.services.models.acquire(std::move(name), wanted, wait, keep_alive);
  co_return model;
}

// A model that came to the disk since the catalog was made. Errors: not_found.
net::awaitable<Result<bool>> look_up(Exchange& exchange, ServerState& state, std::string name) {
  JobOf<bool>::Work work = [store = state.services.store, name](const std::atomic<bool>&) -> Result<bool> {
    QUERN_CHECK(store->look_up(name));
    return true;
  };
  Result<bool> found = co_await run_job<bool>(exchange, state, std::move(work), 1, true);
  co_return found;
}

}  // namespace

net::awaitable<Acquired> acquire_model(Exchange& exchange, ServerState& state, const Document& document,
                                       models::Work wanted) {
  std::optional<Duration> keep_alive;
  if (exchange.dialect().keep_alive) {
    const Result<std::optional<Duration>> read = read_keep_alive(document.root);
    if (!read) co_return read.error();
    keep_alive = *read;
  }
  const std::string name = model_name(document, exchange.dialect());
  if (Activity* const activity = exchange.activity()) activity->model = name;
  const bool stream = exchange.early_stream_allowed() && wants_stream(document, exchange.dialect());
  Acquired model = co_await acquire_known(exchange, state, name, wanted, keep_alive, stream);
  const bool unknown = !model && model.error().code == Errc::not_found && !name.empty();
  if (!unknown || state.services.store == nullptr) co_return model;
  const Result<bool> found = co_await look_up(exchange, state, name);
  if (!found && found.error().code != Errc::not_found) co_return found.error();
  if (!found) co_return model;
  Acquired second = co_await acquire_known(exchange, state, name, wanted, keep_alive, stream);
  co_return second;
}

}  // namespace quern::server

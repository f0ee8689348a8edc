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

net::awaitable<Acquired> acquire_known(Exchange& exchange, ServerState& state, std::string name, models::Work wanted,
                                       std::optional<Duration> keep_alive) {
  const auto wait = std::make_shared<models::ModelWait>(exchange.executor());
  const auto hook = exchange.on_disconnect([wait] { wait->cancel(); });
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
  Acquired model = co_await acquire_known(exchange, state, name, wanted, keep_alive);
  const bool unknown = !model && model.error().code == Errc::not_found && !name.empty();
  if (!unknown || state.services.store == nullptr) co_return model;
  const Result<bool> found = co_await look_up(exchange, state, name);
  if (!found && found.error().code != Errc::not_found) co_return found.error();
  if (!found) co_return model;
  Acquired second = co_await acquire_known(exchange, state, name, wanted, keep_alive);
  co_return second;
}

}  // namespace quern::server

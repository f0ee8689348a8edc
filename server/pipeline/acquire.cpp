#include "server/pipeline/acquire.hpp"

#include "server/api/keep_alive.hpp"
#include "server/pipeline/prepare.hpp"

#include <optional>
#include <string>
#include <utility>

namespace quern::server {

net::awaitable<Result<std::shared_ptr<models::ServedModel>>> acquire_model(Exchange& exchange, ServerState& state,
                                                                           const Document& document,
                                                                           models::Work wanted) {
  std::optional<Duration> keep_alive;
  if (exchange.dialect().keep_alive) {
    const Result<std::optional<Duration>> read = read_keep_alive(document.root);
    if (!read) co_return read.error();
    keep_alive = *read;
  }
  const auto wait = std::make_shared<models::ModelWait>(exchange.executor());
  const auto hook = exchange.on_disconnect([wait] { wait->cancel(); });
  std::string name = model_name(document, exchange.dialect());
  Result<std::shared_ptr<models::ServedModel>> model =
      co_await state.services.models.acquire(std::move(name), wanted, wait, keep_alive);
  co_return model;
}

}  // namespace quern::server

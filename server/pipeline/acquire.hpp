// The model that a request names, loaded first where it is not in memory: the request waits for it, and stops waiting
// when its client leaves. Threads: the connection's strand.
#pragma once

#include "models/task.hpp"
#include "server/exchange.hpp"
#include "server/pipeline/document.hpp"

#include <memory>

namespace quern::server {

// Errors: those of ModelCatalog::acquire(), and bad_input for how long it should stay.
net::awaitable<Result<std::shared_ptr<models::ServedModel>>> acquire_model(Exchange& exchange, ServerState& state,
                                                                           const Document& document,
                                                                           models::Work wanted);

}  // namespace quern::server

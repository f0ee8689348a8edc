// From a prepared request to its stream of answers: its memory, the older request that it replaces, the line.
// Threads: the connection's strand.
#pragma once

#include "base/result.hpp"
#include "models/generator.hpp"
#include "server/exchange.hpp"
#include "server/server_state.hpp"
#include "server/supersede.hpp"

#include <memory>

namespace quern::server {

// Errors: those of Generator::submit; overloaded, where the memory budget has no room; cancelled, where a newer request
// has replaced this one or the client has left.
net::awaitable<Result<std::unique_ptr<models::AnswerStream>>> admit(Exchange& exchange, ServerState& state,
                                                                    std::shared_ptr<models::ServedModel> model,
                                                                    models::GenerateTask task,
                                                                    SupersedeTable::Entry& standing);

}  // namespace quern::server

// The body of a request as a JSON document: parsed at once where it is small, else as a job on a helper thread.
// Threads: the connection's strand.
#pragma once

#include "server/exchange.hpp"
#include "server/pipeline/document.hpp"

#include <memory>

namespace quern::server {

// Takes the body; of a large one the memory is given back to the budget with what becomes of the document (prepare()).
// Errors: bad_input naming the byte offset, the key that comes twice or the type; overloaded; cancelled.
net::awaitable<Result<std::shared_ptr<const Document>>> read_document(Exchange& exchange, ServerState& state);

}  // namespace quern::server

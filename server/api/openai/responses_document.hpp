// What a request of /v1/responses is before its model is known: the document, with the stored conversation that it goes
// on before its own items. Threads: the connection's strand.
#pragma once

#include "server/exchange.hpp"
#include "server/pipeline/document.hpp"

#include <memory>
#include <string>

namespace quern::server {

struct ResponsesDocument {
  std::shared_ptr<const Document> document;
  std::string previous;  // the id of the response that it goes on; empty: none
  std::string added;     // JSON: an array of the request's own items; empty where nothing is to be kept
};

// Errors: those of read_document(); not_found or bad_input naming previous_response_id; bad_input naming `store`.
net::awaitable<Result<ResponsesDocument>> read_responses_document(Exchange& exchange, ServerState& state);

// The fields of a response object that repeat the request, or say what it left open: "instructions":...,"user":null
std::string response_echo(const Document& document, bool stored);

}  // namespace quern::server

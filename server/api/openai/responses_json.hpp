// POST /v1/responses as plain data. Pure. Threads: any.
// Source: the OpenAI API reference, "Responses"; the items that its clients send, Codex above all.
#pragma once

#include "server/api/chat_turn.hpp"
#include "server/pipeline/document.hpp"

namespace quern::server {

// Errors: bad_input or unsupported, naming the field, e.g. input[2].content[0].type.
Result<ChatTurn> parse_responses_request(const Document& document, const RequestRules& rules);

}  // namespace quern::server

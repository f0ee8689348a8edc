// POST /v1/chat/completions as plain data. Pure. Threads: any.
// Source: the OpenAI API reference, "Chat Completions"; sampling extensions named as llama-server names them.
#pragma once

#include "server/api/chat_turn.hpp"
#include "server/pipeline/document.hpp"

namespace quern::server {

// Errors: bad_input or unsupported, naming the field, e.g. messages[2].content[0].type.
Result<ChatTurn> parse_chat_request(const Document& document, const RequestRules& rules);

}  // namespace quern::server

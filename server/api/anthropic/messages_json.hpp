// POST /v1/messages as plain data. Pure. Threads: any. Source: Anthropic's API reference, and the requests of its SDK
// and of Claude Code.
#pragma once

#include "server/api/chat_turn.hpp"
#include "server/pipeline/document.hpp"

namespace quern::server {

// Errors: bad_input or unsupported, naming the field, e.g. messages[2].content[0].source.
Result<ChatTurn> parse_messages_request(const Document& document, const RequestRules& rules);

}  // namespace quern::server

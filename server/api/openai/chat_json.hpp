// POST /v1/chat/completions as plain data. Pure. Threads: any.
// Source: the OpenAI API reference, "Chat Completions"; sampling extensions named as llama-server names them.
#pragma once

#include "server/api/conversation.hpp"
#include "server/api/generation_json.hpp"
#include "server/pipeline/document.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace quern::server {

struct ChatRequest {
  Conversation conversation;
  GenerationFields fields;
};

// Errors: bad_input or unsupported, naming the field, e.g. messages[2].content[0].type.
Result<ChatRequest> parse_chat_request(const Document& document, const RequestRules& rules);

}  // namespace quern::server

// The messages and tools of a chat request, checked field by field. Pure. Threads: any.
// Source: the OpenAI API reference, "Chat Completions"; reasoning_content as DeepSeek's API and vLLM have it.
#pragma once

#include "server/api/conversation.hpp"
#include "server/api/json_fields.hpp"
#include "server/server.hpp"

#include <vector>

namespace quern::server {

// Fields that are null or empty are left out, and so are hints that clients keep for other servers. Notes errors in
// `fields`.
void read_messages(JsonFields& fields, const ServerLimits& limits, std::vector<Message>& out);

// The tools as they are but for fields that are null. Notes errors in `fields`.
void read_tools(JsonFields& fields, std::vector<Tool>& out);

}  // namespace quern::server

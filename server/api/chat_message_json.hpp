// The messages and tools of a chat request, checked field by field. Pure. Threads: any.
// Source: the OpenAI API reference, "Chat Completions"; reasoning_content as DeepSeek's API and vLLM have it.
#pragma once

#include "server/api/json_fields.hpp"
#include "server/server.hpp"

namespace quern::server {

// The messages with what templates may know of them: role, content (a string, null or text parts with all that they
// have), name, tool_call_id, tool_calls, reasoning_content; fields that are null or empty are left out, and so are
// hints that clients keep for other servers. Notes errors in `fields`.
void read_messages(JsonFields& fields, const ServerLimits& limits, json::array& out);

// The tools as they are but for fields that are null, or null without any. Notes errors in `fields`.
void read_tools(JsonFields& fields, json::value& out);

}  // namespace quern::server

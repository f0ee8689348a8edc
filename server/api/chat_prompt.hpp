// From a chat request to its prompt. Threads: any.
#pragma once

#include "engine/chat/template_set.hpp"
#include "server/api/openai/chat_json.hpp"
#include "server/pipeline/effort.hpp"

#include <string>

namespace quern::server {

// Parsed, and within what the template of its model can express. Errors: those of the two.
Result<ChatRequest> read_chat_request(const Document& document, Effort& effort);

// Errors: bad_input naming the field; unsupported for what the template has no place for (tool calls, tools,
// tool_choice, reasoning_effort): it would be ignored without a word.
Status check_template(const Conversation& conversation, const engine::chat::TemplateSet& templates);

// The prompt's text. n_steps: what the rendering took. Errors: those of TemplateSet::render.
Result<std::string> render_prompt(const Conversation& conversation, const engine::chat::TemplateSet& templates,
                                  const engine::chat::jinja::Limits& limits, std::uint64_t& n_steps);

// The same within the effort. Errors also: overloaded, cancelled.
Result<std::string> render_prompt(const Conversation& conversation, Effort& effort);

}  // namespace quern::server

// From a chat request to its prompt. Threads: any.
#pragma once

#include "engine/chat/template_set.hpp"
#include "server/api/chat_json.hpp"
#include "server/pipeline/effort.hpp"

#include <string>

namespace quern::server {

// Errors: bad_input naming the field; unsupported for what the template has no place for (tool calls, tools,
// tool_choice, reasoning_effort): it would be ignored without a word.
Status check_template(const ChatRequest& request, const engine::chat::TemplateSet& templates);

// The prompt's text. n_steps: what the rendering took. Errors: those of TemplateSet::render.
Result<std::string> render_prompt(const ChatRequest& request, const engine::chat::TemplateSet& templates,
                                  const engine::chat::jinja::Limits& limits, std::uint64_t& n_steps);

// The same within the effort. Errors also: overloaded, cancelled.
Result<std::string> render_prompt(const ChatRequest& request, Effort& effort);

}  // namespace quern::server

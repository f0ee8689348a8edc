// What every dialect makes of a request for the next message of a conversation, and what becomes of it: checked against
// the chat template of its model, rendered, encoded. Threads: any.
#pragma once

#include "engine/chat/template_set.hpp"
#include "server/api/conversation.hpp"
#include "server/api/generate.hpp"

#include <string>
#include <string_view>

namespace quern::server {

struct ChatTurn {
  Conversation conversation;
  GenerationFields fields;
};

// Errors: bad_input naming the field; unsupported for what the template has no place for (tool calls, tools,
// tool_choice): it would be ignored without a word.
Status check_template(const Conversation& conversation, const engine::chat::TemplateSet& templates);

// The prompt's text. n_steps: what the rendering took. Errors: those of TemplateSet::render.
Result<std::string> render_prompt(const Conversation& conversation, const engine::chat::TemplateSet& templates,
                                  const engine::chat::jinja::Limits& limits, std::uint64_t& n_steps);

// Both of them within the effort. Errors also: overloaded, cancelled.
Result<std::string> render_turn(const Conversation& conversation, Effort& effort);

// Ready to be submitted. prompt_field: how the dialect calls its messages. Errors also: those of add_prompt().
Result<Prepared> prepare_turn(ChatTurn turn, std::string_view prompt_field, std::string_view endpoint, Effort& effort);

}  // namespace quern::server

// Chat templates by name. (Jinja templates of models come with their own interpreter later, behind the same interface.)
// Threads: pure functions.
#pragma once

#include "base/result.hpp"

#include <span>
#include <string>
#include <string_view>

namespace quern::engine::chat {

struct Message {
  std::string role;  // system, user, assistant
  std::string content;
};

enum class TemplateName { plain, chatml, llama2 };

// Errors: bad_input listing the known names.
Result<TemplateName> find_template(std::string_view name);
std::string_view template_name(TemplateName name) noexcept;

// Guesses from the source text of a model's Jinja template (tokenizer.chat_template); plain when it fits none.
TemplateName detect_template(std::string_view jinja_source) noexcept;

// The prompt text, ending where the assistant's answer begins when add_generation_prompt. To be tokenized with
// parse_special = true; a BOS is not part of it (the tokenizer adds it).
// Errors: bad_input naming messages[i].role for an unknown role or an order that the template cannot express.
Result<std::string> render(TemplateName name, std::span<const Message> messages, bool add_generation_prompt);

// Strings after which the answer is over although the model's vocabulary has no token for them (e.g. plain: "\nuser:").
std::span<const std::string_view> implied_stops(TemplateName name) noexcept;

}  // namespace quern::engine::chat

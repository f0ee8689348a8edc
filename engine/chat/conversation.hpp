// Brings messages into the form that a template knows. Threads: one, that of the values.
#pragma once

#include "engine/chat/template.hpp"

namespace quern::engine::chat {

// messages: a list of dicts as the OpenAI API has them; changed in place. Throws jinja::FailureException for limits.
void adapt(const jinja::Value& messages, const Traits& traits);

}  // namespace quern::engine::chat

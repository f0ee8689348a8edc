// Messages with several calls of tools, for templates that take one at a time. Threads: one, that of the values.
#pragma once

#include "engine/chat/jinja/containers.hpp"

namespace quern::engine::chat {

// Each call becomes a message of its own, followed by its answer; what the message said and thought goes with the
// first one. messages: a list of dicts; changed in place. Throws jinja::FailureException for limits.
void split_calls(jinja::List& messages);

}  // namespace quern::engine::chat

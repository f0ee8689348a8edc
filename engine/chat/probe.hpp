// Finds out what a template can be given. Threads: pure function.
#pragma once

#include "engine/chat/template.hpp"

#include <string_view>

namespace quern::engine::chat {

// Renders a few small conversations. A template that understands none of them keeps the defaults.
Traits probe(const Template& subject, std::string_view source);

}  // namespace quern::engine::chat

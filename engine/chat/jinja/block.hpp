// The variable `self` of templates with blocks. Threads, ownership: as value.hpp.
#pragma once

#include "engine/chat/jinja/value.hpp"

namespace quern::engine::chat::jinja {

Value make_self(Heap& heap);

}  // namespace quern::engine::chat::jinja

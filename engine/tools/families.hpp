// Families of models whose way to call tools cannot be found by rendering: the template shows only part of it, or the
// form is a language of its own. Threads: pure functions.
#pragma once

#include "engine/tools/tool_format.hpp"

#include <optional>

namespace quern::engine::tools {

// By marks that only its templates have. nullopt: none of them.
std::optional<ToolFormat> find_family(const chat::Template& subject);
// For templates that list tools and render no calls: what their text asks for. nullopt: no place for tools.
std::optional<ToolFormat> find_fallback(const chat::Template& subject);

}  // namespace quern::engine::tools

// What a model thinks before it answers stands between two marks, which depend on the family of its chat template.
// Threads: pure functions.
#pragma once

#include <optional>
#include <string_view>

namespace quern::engine::chat {

struct ReasoningMarks {
  std::string_view begin, end;  // of static storage
};

// The marks that the source of a template speaks of; nullopt: its model does not think, or in a way that is not known.
std::optional<ReasoningMarks> find_reasoning_marks(std::string_view source) noexcept;

}  // namespace quern::engine::chat

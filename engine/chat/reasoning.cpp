#include "engine/chat/reasoning.hpp"

namespace quern::engine::chat {
namespace {

// Source: the chat templates of DeepSeek R1, Qwen 3, GLM 4.5 and many more; Seed-OSS; Magistral; Command A Reasoning.
constexpr ReasoningMarks kFamilies[] = {{"<think>", "</think>"},
                                        {"<seed:think>", "</seed:think>"},
                                        {"[THINK]", "[/THINK]"},
                                        {"<|START_THINKING|>", "<|END_THINKING|>"}};

}  // namespace

std::optional<ReasoningMarks> find_reasoning_marks(std::string_view source) noexcept {
  // The end is what a template needs that takes thoughts out of former answers; the beginning may be the model's own.
  for (const ReasoningMarks& marks : kFamilies) {
    if (source.find(marks.end) != std::string_view::npos) return marks;
  }
  return std::nullopt;
}

}  // namespace quern::engine::chat

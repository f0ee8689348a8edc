// What becomes of the matches of a split and of the text between them. Threads: one. Source: huggingface/tokenizers
// documentation, SplitDelimiterBehavior.
#pragma once

#include "engine/tokenizer/pipeline/pieces.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace quern::engine {

enum class SplitBehavior : std::uint8_t { removed, isolated, merged_with_previous, merged_with_next, contiguous };

std::optional<SplitBehavior> split_behavior_named(std::string_view name) noexcept;  // "Removed", "MergedWithNext"...
inline constexpr char kSplitBehaviors[] = "Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous";

// Takes the stretches of one piece in order, matches and the text between them, and appends the pieces they make.
class PieceCutter {
 public:
  PieceCutter(SplitBehavior behavior, std::vector<Piece>& out) : behavior_(behavior), out_(out) {}
  void add(std::size_t begin, std::size_t end, bool is_match);
  void finish();

 private:
  bool joins(bool is_match) const noexcept;

  SplitBehavior behavior_;
  std::vector<Piece>& out_;
  std::optional<Piece> open_;  // may still grow
  bool after_match_ = false;
};

}  // namespace quern::engine

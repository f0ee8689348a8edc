#include "engine/tokenizer/pipeline/split_behavior.hpp"

#include <array>
#include <utility>

namespace quern::engine {

std::optional<SplitBehavior> split_behavior_named(std::string_view name) noexcept {
  static constexpr std::array<std::pair<std::string_view, SplitBehavior>, 5> kNames{
      {{"Removed", SplitBehavior::removed},
       {"Isolated", SplitBehavior::isolated},
       {"MergedWithPrevious", SplitBehavior::merged_with_previous},
       {"MergedWithNext", SplitBehavior::merged_with_next},
       {"Contiguous", SplitBehavior::contiguous}}};
  for (const auto& [known, behavior] : kNames)
    if (known == name) return behavior;
  return std::nullopt;
}

bool PieceCutter::joins(bool is_match) const noexcept {
  switch (behavior_) {
    case SplitBehavior::merged_with_previous:
      return is_match && !after_match_;
    case SplitBehavior::merged_with_next:
      return !is_match && after_match_;
    case SplitBehavior::contiguous:
      return is_match == after_match_;
    default:
      return false;
  }
}

void PieceCutter::add(std::size_t begin, std::size_t end, bool is_match) {
  const auto to = static_cast<std::uint32_t>(end);
  if (open_ && joins(is_match)) {
    open_->end = to;
  } else {
    finish();
    if (behavior_ != SplitBehavior::removed || !is_match) open_ = Piece{static_cast<std::uint32_t>(begin), to};
  }
  after_match_ = is_match;
}

void PieceCutter::finish() {
  if (open_ && open_->begin < open_->end) out_.push_back(*open_);
  open_.reset();
}

}  // namespace quern::engine

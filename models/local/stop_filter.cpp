#include "models/local/stop_filter.hpp"

#include <algorithm>
#include <utility>

namespace quern::models {

StopFilter::StopFilter(std::vector<std::string> stops) : stops_(std::move(stops)) {}

std::string StopFilter::append(std::string_view text) {
  if (stopped()) return {};
  if (stops_.empty()) return std::string(text);
  held_ += text;
  std::size_t best_end = std::string::npos, best_begin = 0;
  std::size_t best = kNone;
  for (std::size_t i = 0; i < stops_.size(); ++i) {
    const std::size_t begin = held_.find(stops_[i]);
    if (begin == std::string::npos) continue;
    const std::size_t end = begin + stops_[i].size();
    if (end > best_end || (end == best_end && begin >= best_begin)) continue;
    best = i, best_end = end, best_begin = begin;
  }
  if (best != kNone) {
    found_ = best;
    held_.resize(best_begin);
    return std::exchange(held_, {});
  }
  std::string certain = held_.substr(0, held_.size() - held_back());
  held_.erase(0, certain.size());
  return certain;
}

std::string StopFilter::flush() {
  return std::exchange(held_, {});
}

std::size_t StopFilter::held_back() const noexcept {
  std::size_t longest = 0;
  const std::string_view held(held_);
  for (const std::string& stop : stops_) {
    for (std::size_t size = std::min(stop.size() - 1, held.size()); size > longest; --size) {
      if (std::string_view(stop).starts_with(held.substr(held.size() - size))) longest = size;
    }
  }
  return longest;
}

}  // namespace quern::models

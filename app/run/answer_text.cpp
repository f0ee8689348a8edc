#include "app/run/answer_text.hpp"

#include <algorithm>

namespace quern::app {

std::size_t overlap(std::string_view text, std::string_view stop) noexcept {
  if (stop.empty()) return 0;
  for (std::size_t n = std::min(text.size(), stop.size() - 1); n > 0; --n) {
    if (text.ends_with(stop.substr(0, n))) return n;
  }
  return 0;
}

std::string AnswerText::release(std::string_view text) {
  if (stopped_) return {};
  held_ += text;
  std::size_t cut = std::string::npos, keep = 0;
  for (const std::string& stop : stops_) {
    cut = std::min(cut, held_.find(stop));
    keep = std::max(keep, overlap(held_, stop));
  }
  stopped_ = cut != std::string::npos;
  std::string out = held_.substr(0, stopped_ ? cut : held_.size() - keep);
  held_.erase(0, out.size());
  return out;
}

std::string AnswerText::finish() {
  std::string out = release(detokenizer_.flush());
  if (!stopped_) out += std::exchange(held_, {});
  return out;
}

}  // namespace quern::app

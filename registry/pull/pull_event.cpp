#include "registry/pull/pull_event.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace quern::registry::pull {
namespace {

constexpr Duration kWindow = std::chrono::seconds(8), kGrain = std::chrono::milliseconds(100);
constexpr double kMostSeconds = 1e9;

}  // namespace

std::string_view stage_name(Stage stage) noexcept {
  constexpr std::string_view kNames[] = {"asking",  "planned", "downloading", "elsewhere", "verifying",
                                         "waiting", "present", "finished",    "done"};
  return kNames[static_cast<std::size_t>(stage)];
}

void RateMeter::add(TimePoint now, std::uint64_t n_bytes) {
  if (samples_.empty()) samples_.emplace_back(now, 0);
  total_ += n_bytes;
  if (samples_.size() > 1 && now - samples_[samples_.size() - 2].first < kGrain) {
    samples_.back() = {now, total_};
  } else {
    samples_.emplace_back(now, total_);
  }
  while (samples_.size() > 2 && now - samples_[1].first > kWindow) samples_.pop_front();
}

double RateMeter::bytes_per_s(TimePoint now) const {
  if (samples_.empty()) return 0;
  const double seconds = to_seconds(now - samples_.front().first);
  return seconds <= 0 ? 0 : static_cast<double>(total_ - samples_.front().second) / seconds;
}

std::optional<std::uint64_t> RateMeter::seconds_left(TimePoint now, std::uint64_t n_bytes) const {
  const double rate = bytes_per_s(now);
  const double seconds = rate <= 0 ? kMostSeconds : std::ceil(static_cast<double>(n_bytes) / rate);
  if (seconds >= kMostSeconds) return std::nullopt;
  return static_cast<std::uint64_t>(seconds);
}

}  // namespace quern::registry::pull

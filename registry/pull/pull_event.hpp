// What a pull tells while it runs: for a progress bar, for lines of a log, for the streams of an API.
// Threads: values. Events come on the thread that runs the pull.
#pragma once

#include "base/clock.hpp"
#include "registry/sources/pull_plan.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace quern::registry::pull {

enum class Stage : std::uint8_t {
  asking,       // the hub what the name means
  planned,      // PullEvent::plan is set
  downloading,  // `bytes` of `total` are here
  elsewhere,    // the same, but another process downloads it
  verifying,    // `bytes` of `total` are hashed
  waiting,      // text: why, and how long
  present,      // the file was here before
  finished,     // the file is whole and checked
  done,         // all are
};
std::string_view stage_name(Stage stage) noexcept;

struct PullEvent {
  Stage stage = Stage::asking;
  std::string file, digest;  // of what the event is about; empty: of no file
  std::uint64_t bytes = 0, total = 0;
  double bytes_per_s = 0;  // what arrived now, never what was there before; 0: not known
  std::optional<std::uint64_t> seconds_left;
  std::string text;
  const sources::PullPlan* plan = nullptr;  // for the time of the call
};
using OnEvent = std::function<void(const PullEvent&)>;

// Bytes per second over the last seconds. Pure: the caller brings the time.
class RateMeter {
 public:
  void add(TimePoint now, std::uint64_t n_bytes);
  double bytes_per_s(TimePoint now) const;
  std::optional<std::uint64_t> seconds_left(TimePoint now, std::uint64_t n_bytes) const;

 private:
  std::deque<std::pair<TimePoint, std::uint64_t>> samples_;  // all bytes until then
  std::uint64_t total_ = 0;
};

}  // namespace quern::registry::pull

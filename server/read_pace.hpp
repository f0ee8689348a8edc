// Whether a reader takes what is written for it fast enough to keep its place: at least so many bytes in each window of
// time in which something waited to be taken. Time in which nothing waited does not count, so a reader that keeps up
// never runs into it, and one that takes a byte now and then does. Pure; threads: the connection's strand.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace quern::server {

struct ReadPaceLimits {
  std::chrono::milliseconds window{60'000};
  std::size_t min_bytes = 1;  // in a window; at least 1
};

class ReadPace {
 public:
  using Duration = std::chrono::steady_clock::duration;

  // How long the next piece may wait to be taken: after that the reader was too slow. Who has taken enough in this
  // window has the next one too.
  Duration patience(const ReadPaceLimits& limits) const noexcept {
    const Duration left = std::max<Duration>(limits.window - waited_, Duration::zero());
    return taken_ >= limits.min_bytes ? left + limits.window : left;
  }

  // A piece was taken after `waited`, which is less than patience() said.
  void took(std::size_t n_bytes, Duration waited, const ReadPaceLimits& limits) noexcept {
    waited_ += waited;
    if (waited_ >= limits.window) {
      waited_ = std::min<Duration>(waited_ - limits.window, limits.window);
      taken_ = 0;
    }
    taken_ += n_bytes;
  }

 private:
  Duration waited_{};  // in this window
  std::size_t taken_ = 0;
};

}  // namespace quern::server

// A pull on a terminal: one line per file that is drawn again and again, with a bar, rate and time left; elsewhere a
// line at each tenth. Threads: that of the pull. Ownership: borrows the stream.
#pragma once

#include "registry/pull/pull_event.hpp"

#include <cstdint>
#include <cstdio>
#include <string>

namespace quern::app {

// "45 s", "3 min 20 s", "2 h 5 min".
std::string human_seconds(std::uint64_t seconds);
// What is shown of an event on a terminal of so many columns, without a line end; empty: nothing. Never wider.
std::string progress_line(const registry::pull::PullEvent& event, std::size_t columns);

class PullProgress {
 public:
  // terminal: lines are drawn over.
  PullProgress(std::FILE* out, bool terminal, std::size_t columns)
      : out_(out), terminal_(terminal), columns_(columns) {}
  ~PullProgress() { end_line(); }
  PullProgress(const PullProgress&) = delete;
  PullProgress& operator=(const PullProgress&) = delete;

  void show(const registry::pull::PullEvent& event);

 private:
  void show_plan(const registry::sources::PullPlan& plan);
  void draw(const std::string& line);
  void print(const std::string& line);
  void end_line();

  std::FILE* const out_;
  const bool terminal_;
  const std::size_t columns_;
  bool drawn_ = false;  // a line without its end
  std::string file_;    // of the last line elsewhere than on a terminal
  std::uint64_t tenth_ = 0;
};

}  // namespace quern::app

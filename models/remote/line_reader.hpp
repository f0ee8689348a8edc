// Bytes of a stream, in pieces of any size -> lines, and events of server-sent events. Threads: one. Limit: a line or
// an event of kMaxBytes.
#pragma once

#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace quern::models {

class LineReader {
 public:
  static constexpr std::size_t kMaxBytes = std::size_t{4} << 20;

  // Errors: overloaded: a line that is too long.
  Status add(std::string_view bytes);
  // The next whole line, without its end (LF or CRLF); nullopt: it has not come yet. Valid until the next call.
  std::optional<std::string_view> next();
  std::string_view rest() const noexcept { return std::string_view(bytes_).substr(begin_); }  // of a cut one

 private:
  std::string bytes_;
  std::size_t begin_ = 0, searched_ = 0;
};

struct SseEvent {
  std::string name, data;
};

// Source: the HTML standard, "Server-sent events".
class SseReader {
 public:
  // Errors: overloaded.
  Status add(std::string_view bytes) { return lines_.add(bytes); }
  // nullopt: not all of one has come. Comments are skipped.
  Result<std::optional<SseEvent>> next();

 private:
  LineReader lines_;
  SseEvent event_;
  bool has_data_ = false;
};

}  // namespace quern::models

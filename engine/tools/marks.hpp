// The marks of a format in a text that arrives byte by byte. Threads: one. Limits: the marks are a template's, each at
// most kMaxMarkBytes long, so that the work per byte is bounded.
#pragma once

#include "engine/tools/json_copy.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quern::engine::tools {

inline constexpr std::size_t kMaxMarkBytes = 256;

constexpr bool is_blank(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
std::string_view trimmed(std::string_view text) noexcept;
// "<a>\n  <b> " -> "<a> <b>": how Literal compares marks.
std::string with_single_blanks(std::string_view text);

// The first occurrence of one of some marks, none of which begins with another one.
class Finder {
 public:
  Finder() = default;
  explicit Finder(std::vector<std::string> marks);
  // Bytes that belong to no mark are appended to `before`. The index of the mark that this byte completed.
  std::optional<std::size_t> feed(char c, std::string& before);
  std::string take_rest() { return std::exchange(held_, {}); }  // the text has ended: what may have become a mark
  bool holds() const noexcept { return !held_.empty(); }
  void reset() noexcept { held_.clear(); }
  const std::vector<std::string>& marks() const noexcept { return marks_; }

 private:
  bool begins_mark(std::string_view text) const noexcept;
  std::vector<std::string> marks_;
  bool firsts_[256] = {};
  std::string held_;
};

// One of some marks at this place, with any blanks before it; where a mark has blanks, and between '>' and '<', there
// may be any number of them, or none.
class Literal {
 public:
  Literal() = default;
  explicit Literal(const std::vector<std::string>& marks);  // empty ones never match
  Step feed(char c);                                        // more, done (index() is the mark), refused
  std::size_t index() const noexcept { return index_; }
  bool started() const noexcept { return started_; }  // something that is no blank was taken
  void reset() noexcept;
  // The bytes with which one of them may begin.
  const std::string& firsts() const noexcept { return firsts_; }

 private:
  struct Alternative {
    std::string mark;
    std::size_t at = 0;
    bool alive = true;
  };
  static bool advance(Alternative& a, char c);
  std::vector<Alternative> alternatives_;
  std::string firsts_;
  std::size_t index_ = 0;
  bool started_ = false;
};

}  // namespace quern::engine::tools

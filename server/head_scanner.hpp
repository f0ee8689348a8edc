// Finds the end of a request's head in bytes that arrive piece by piece, and refuses on the way what HTTP parsers
// disagree on: line ends other than CRLF, folded lines, control characters. A parser then gets the whole head at once.
// Threads: one. Source: RFC 9112 2.2, 5.2.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace quern::server {

class HeadScanner {
 public:
  enum class Found { more, complete, malformed };

  // bytes: the request from its first byte on; what earlier calls saw is not looked at again.
  Found scan(std::string_view bytes);

  std::size_t size() const noexcept { return at_; }                 // complete: bytes of the head with the empty line
  const std::string& problem() const noexcept { return problem_; }  // malformed: what is wrong, and in which line

 private:
  Found malformed(std::string_view what);
  bool fits(unsigned char c) noexcept;

  std::size_t at_ = 0;
  std::size_t line_ = 0, column_ = 0;
  bool after_cr_ = false;
  bool in_method_ = true;
  std::string problem_;
};

// How many bytes of empty lines (CRLF) stand before a request: clients send them behind the body before. RFC 9112 2.2.
std::size_t empty_lines(std::string_view bytes) noexcept;

// The X-Request-Id of a head that may be unfinished or wrong further on; empty: none that may be echoed.
std::string_view request_id_in(std::string_view head) noexcept;

}  // namespace quern::server

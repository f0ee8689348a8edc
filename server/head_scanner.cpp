#include "server/head_scanner.hpp"

#include "server/request_head.hpp"

#include <algorithm>

#include <boost/beast/core/string.hpp>
#include <fmt/format.h>

namespace quern::server {
namespace {

// RFC 9110 5.6.2
bool is_token_char(unsigned char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         (c > ' ' && std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos);
}

}  // namespace

HeadScanner::Found HeadScanner::malformed(std::string_view what) {
  problem_ = fmt::format("{} in line {} of the request's head", what, line_ + 1);
  return Found::malformed;
}

// Whether the character may stand here, as far as lines are concerned. A first line that begins with no method (TLS,
// for one) is noticed at once: its sender may wait for an answer before it sends a line end.
bool HeadScanner::fits(unsigned char c) noexcept {
  if (line_ == 0 && in_method_) {
    in_method_ = c != ' ';
    return is_token_char(c) || (c == ' ' && column_ > 0);
  }
  return c == '\t' || (c >= ' ' && c != 0x7f);
}

HeadScanner::Found HeadScanner::scan(std::string_view bytes) {
  for (; at_ < bytes.size(); ++at_) {
    const char c = bytes[at_];
    if (after_cr_) {
      if (c != '\n') return malformed("a carriage return without a line feed");
      after_cr_ = false;
      if (column_ == 0) {
        ++at_;
        return Found::complete;
      }
      ++line_;
      column_ = 0;
    } else if (c == '\r') {
      after_cr_ = true;
    } else if (c == '\n') {
      return malformed("a line feed without a carriage return");
    } else if (line_ > 0 && column_ == 0 && (c == ' ' || c == '\t')) {
      return malformed("a blank at the beginning");
    } else if (!fits(static_cast<unsigned char>(c))) {
      return malformed("a character that may not stand there");
    } else {
      ++column_;
    }
  }
  return Found::more;
}

std::size_t empty_lines(std::string_view bytes) noexcept {
  std::size_t n = 0;
  while (bytes.substr(n, 2) == "\r\n") n += 2;
  return n;
}

std::string_view request_id_in(std::string_view head) noexcept {
  constexpr std::string_view kName = "X-Request-Id:";
  for (std::size_t end = head.find("\r\n"); end != std::string_view::npos; end = head.find("\r\n")) {
    std::string_view line = head.substr(0, end);
    head.remove_prefix(end + 2);
    if (!boost::beast::iequals(line.substr(0, kName.size()), kName)) continue;
    line.remove_prefix(std::min(line.find_first_not_of(" \t", kName.size()), line.size()));
    line = line.substr(0, line.find_last_not_of(" \t") + 1);
    return is_sane_id(line) ? line : std::string_view();
  }
  return {};
}

}  // namespace quern::server

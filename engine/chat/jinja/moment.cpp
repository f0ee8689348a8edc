#include "engine/chat/jinja/moment.hpp"

#include "engine/chat/jinja/failure.hpp"

namespace quern::engine::chat::jinja {

std::string format_time(const Moment& moment, std::string_view format) {
  static constexpr std::size_t kMaxBytes = 256;
  if (format.size() > kMaxBytes)
    throw_type("strftime_now(): the format has {} bytes, at most {} are allowed", format.size(), kMaxBytes);
  if (format.find('\0') != std::string_view::npos) throw_type("strftime_now(): the format has a zero byte");
  std::string known;  // what the C library is asked: a local time without a zone has no %z and no %Z
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      known += format[i];
      continue;
    }
    if (++i == format.size()) throw_type("strftime_now(): the format ends in the middle of a '%'");
    if (format[i] == 'f')
      known += fmt::format("{:06}", moment.microseconds);
    else if (format[i] != 'z' && format[i] != 'Z')
      known.append("%").append(1, format[i]);
  }
  char text[8192];  // %c and its like are shorter than 32 times their format
  const std::size_t size = std::strftime(text, sizeof(text), known.c_str(), &moment.local);
  return {text, size};
}

}  // namespace quern::engine::chat::jinja

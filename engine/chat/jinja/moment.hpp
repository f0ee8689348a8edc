// A local time, and strftime() of it. Threads: pure functions.
// Source: the Python library reference, "strftime() and strptime() Format Codes", of a datetime without a time zone.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

namespace quern::engine::chat::jinja {

struct Moment {
  Moment(const std::tm& time, std::uint32_t us = 0) : local(time), microseconds(us) {}
  std::tm local;
  std::uint32_t microseconds;
};

// Errors: type, for a format that ends in '%' or is longer than 256 bytes.
std::string format_time(const Moment& moment, std::string_view format);

}  // namespace quern::engine::chat::jinja

#include "base/result.hpp"

#include <stdexcept>

namespace quern {

const char* errc_name(Errc code) noexcept {
  switch (code) {
    case Errc::bad_input:
      return "bad_input";
    case Errc::not_found:
      return "not_found";
    case Errc::unsupported:
      return "unsupported";
    case Errc::overloaded:
      return "overloaded";
    case Errc::draining:
      return "draining";
    case Errc::cancelled:
      return "cancelled";
    case Errc::io:
      return "io";
    case Errc::corrupt:
      return "corrupt";
  }
  return "unknown";
}

void throw_exception_from_error(const Error& error, const boost::source_location& where) {
  throw std::runtime_error(
      fmt::format("{}: {} ({}:{})", errc_name(error.code), error.detail, where.file_name(), where.line()));
}

}  // namespace quern

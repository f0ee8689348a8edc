// Bodies that a server has compressed because it was asked to. Threads: pure.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace quern::net {

// One gzip member (RFC 1952), all of it. Errors: corrupt (no gzip, cut, a wrong checksum, something behind it);
// overloaded: more than max_bytes.
Result<std::string> gunzip(std::string_view packed, std::size_t max_bytes);

}  // namespace quern::net

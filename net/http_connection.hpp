// A connection that speaks HTTP/1.1, between requests or during one. Threads: one at a time.
#pragma once

#include "net/byte_stream.hpp"

#include <chrono>
#include <string>
#include <utility>

#include <boost/beast/core/flat_buffer.hpp>

namespace quern::net {

struct HttpConnection {
  HttpConnection(asio::any_io_executor executor, std::size_t buffer_bytes)
      : stream(std::move(executor)), buffer(buffer_bytes) {
    buffer.reserve(buffer_bytes);
  }

  ByteStream stream;
  beast::flat_buffer buffer;  // read, and not yet understood
  std::string key;            // what it may be used for again
  std::chrono::steady_clock::time_point idle_since = {};
  bool used_before = false;
};

}  // namespace quern::net

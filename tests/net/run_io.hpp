// Runs one coroutine to its end.
#pragma once

#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace quern::test {

template <class T>
T run_io(boost::asio::io_context& io, boost::asio::awaitable<T> work) {
  std::optional<T> out;
  std::exception_ptr failure;
  boost::asio::co_spawn(io, std::move(work), [&](std::exception_ptr thrown, T value) {
    failure = thrown;
    out.emplace(std::move(value));
  });
  io.restart();
  while (!out && io.run_one() != 0) continue;
  if (failure) std::rethrow_exception(failure);
  return std::move(*out);
}

}  // namespace quern::test

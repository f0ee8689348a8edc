// The one spelling of Asio and Beast types in net/. TCP and Unix connections share one type.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>

namespace quern::net {

namespace asio = boost::asio;
namespace beast = boost::beast;

using PlainStream = beast::basic_stream<asio::generic::stream_protocol>;
using ErrorCode = boost::system::error_code;

// Socket operations give (error, value) instead of throwing.
inline constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);

}  // namespace quern::net

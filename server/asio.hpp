// The one spelling of Asio and Beast types in server/. TCP and Unix connections share one type: the protocol is a
// run-time value, so nothing of the HTTP code is a template.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>

namespace quern::server {

namespace net = boost::asio;
namespace beast = boost::beast;

using Socket = net::generic::stream_protocol::socket;
using PlainStream = beast::basic_stream<net::generic::stream_protocol>;

// Socket operations give (error, value) instead of throwing.
inline constexpr auto kTuple = net::as_tuple(net::use_awaitable);

}  // namespace quern::server

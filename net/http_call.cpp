#include "net/http_call.hpp"

#include "net/connector.hpp"
#include "net/gzip.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>

namespace quern::net {
namespace {

namespace http = beast::http;

constexpr std::size_t kBufferBytes = 64 * 1024;

void set_time(PlainStream& stream, Duration time) {
  if (time == Duration::zero()) {
    stream.expires_never();
  } else {
    stream.expires_after(time);
  }
}

// The error codes of the HTTP parser itself.
bool is_syntax(const ErrorCode& error) {
  return error.category() == http::make_error_code(http::error::bad_version).category() &&
         error != http::error::end_of_stream && error != http::error::partial_message;
}

}  // namespace

std::string HttpCall::key() const {
  return request_.unix_socket.empty() ? request_.url.origin() : request_.unix_socket;
}

std::string HttpCall::peer() const {
  return request_.unix_socket.empty() ? request_.url.origin()
                                      : fmt::format("{} at {}", request_.url.origin(), request_.unix_socket);
}

Error HttpCall::failure(const ErrorCode& error, std::string_view when) const {
  if (abort_.aborted() || error == asio::error::operation_aborted) {
    return fail(Errc::cancelled, "{}: cancelled {}", peer(), when);
  }
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return fail(Errc::overloaded, "{}: the head of the answer has more than {} bytes", peer(),
                core_->options.max_head_bytes);
  }
  if (is_syntax(error)) return fail(Errc::corrupt, "{}: the answer is no HTTP/1.1: {}", peer(), error.message());
  if (error == http::error::end_of_stream || error == http::error::partial_message) {
    return fail(Errc::io, "{}: it closed the connection {}", peer(), when);
  }
  return fail(Errc::io, "{}: {} {}", peer(), words_of(error), when);
}

void HttpCall::cancel() {
  if (ended_) return;
  abort_.abort();
  if (connection_) connection_->stream.close();
}

asio::awaitable<Status> HttpCall::get_connection(bool fresh) {
  if (!fresh) connection_ = core_->pool.take(key(), std::chrono::steady_clock::now());
  if (connection_) co_return Status();
  const Url* const proxy = request_.unix_socket.empty() ? core_->options.proxies.choose(request_.url) : nullptr;
  ConnectPlan plan{.url = request_.url,
                   .unix_socket = request_.unix_socket,
                   .proxy = proxy,
                   .tls = core_->options.tls,
                   .time_limit = core_->options.connect_time,
                   .buffer_bytes = std::max<std::size_t>(kBufferBytes, core_->options.max_head_bytes)};
  auto opened = co_await open_connection(core_->executor, std::move(plan), abort_);
  if (!opened) co_return opened.error();
  connection_ = std::move(*opened);
  connection_->key = key();
  co_return Status();
}

asio::awaitable<Status> HttpCall::begin() {
  const auto self = shared_from_this();
  const Result<std::string> head = write_head(request_);
  if (!head) co_return head.error();
  for (const bool fresh : {false, true}) {
    if (abort_.aborted()) co_return failure(asio::error::operation_aborted, "before it began");
    Status connected = co_await get_connection(fresh);
    if (!connected) co_return connected;
    const Result<Try> tried = co_await exchange_heads(*head);
    if (!tried) {
      connection_.reset();
      co_return tried.error();
    }
    if (*tried == Try::done) co_return take_head();
    connection_.reset();
  }
  co_return failure(asio::error::eof, "before it answered");
}

asio::awaitable<Result<HttpCall::Try>> HttpCall::exchange_heads(const std::string& head) {
  ByteStream& stream = connection_->stream;
  set_time(stream.plain(), request_.silence);
  const std::array<asio::const_buffer, 2> bytes{asio::buffer(head), asio::buffer(request_.body)};
  auto written = co_await asio::async_write(stream, bytes, kTuple);
  ErrorCode error = std::get<0>(written);
  sent_ = !error;
  const bool timed_out = error == beast::error::timeout || error == asio::error::operation_aborted;
  // A server that does not want all of the request may have said so before it closed.
  if (!timed_out && !abort_.aborted()) {
    const ErrorCode read_error = co_await read_head();
    if (!read_error) co_return Try::done;
    if (!error) error = read_error;
    const bool nothing_came = connection_->buffer.size() == 0 && !parser_->got_some();
    const bool closed = error != beast::error::timeout && error != asio::error::operation_aborted && !is_syntax(error);
    if (connection_->used_before && nothing_came && closed && !abort_.aborted()) co_return Try::stale;
  }
  co_return failure(error, sent_ ? "before it answered" : "while it was sent the request");
}

asio::awaitable<ErrorCode> HttpCall::read_head() {
  for (;;) {
    parser_.emplace();
    parser_->header_limit(core_->options.max_head_bytes);
    parser_->body_limit(boost::none);
    if (request_.method == "HEAD") parser_->skip(true);
    set_time(connection_->stream.plain(), request_.head.value_or(request_.silence));
    auto read = co_await http::async_read_header(connection_->stream, connection_->buffer, *parser_, kTuple);
    const ErrorCode error = std::get<0>(read);
    if (error) co_return error;
    const unsigned status = parser_->get().result_int();
    if (status >= 200 || status == 101) co_return ErrorCode();  // else one that only says to wait
  }
}

Status HttpCall::take_head() {
  const auto& message = parser_->get();
  head_.status = static_cast<int>(message.result_int());
  for (const auto& field : message) {
    head_.headers.push_back({std::string(field.name_string()), std::string(field.value())});
  }
  if (const auto length = parser_->content_length()) head_.content_length = *length;
  if (head_.status == 101) {
    connection_.reset();
    return fail(Errc::corrupt, "{}: it answered 101 without having been asked for another protocol", peer());
  }
  if (parser_->is_done()) keep_or_close();
  return {};
}

void HttpCall::keep_or_close() {
  ended_ = true;
  if (!connection_) return;
  const bool reusable = sent_ && parser_->keep_alive() && connection_->buffer.size() == 0 && !abort_.aborted();
  if (reusable) core_->pool.keep(std::move(connection_), std::chrono::steady_clock::now());
  connection_.reset();
}

asio::awaitable<Result<std::size_t>> HttpCall::read(asio::mutable_buffer into) {
  const auto self = shared_from_this();
  for (;;) {
    if (ended_) co_return std::size_t{0};
    if (!connection_ || abort_.aborted() || pending_) {
      const ErrorCode error = pending_ ? pending_ : ErrorCode(asio::error::operation_aborted);
      connection_.reset();
      co_return failure(error, "in the middle of the answer");
    }
    if (parser_->is_done()) {
      keep_or_close();
      continue;
    }
    auto& body = parser_->get().body();
    body.data = into.data();
    body.size = into.size();
    set_time(connection_->stream.plain(), silence_);
    auto read = co_await http::async_read_some(connection_->stream, connection_->buffer, *parser_, kTuple);
    const std::size_t n_bytes = into.size() - body.size;
    const ErrorCode error = std::get<0>(read);
    if (error && error != http::error::need_buffer) pending_ = error;
    if (n_bytes > 0) co_return n_bytes;
  }
}

asio::awaitable<Result<std::string>> HttpCall::read_all(std::size_t max_bytes) {
  const auto self = shared_from_this();
  const std::string encoding(head_.header("content-encoding"));
  const bool packed = request_.accept_gzip && (encoding == "gzip" || encoding == "x-gzip");
  if (!packed && !encoding.empty() && encoding != "identity") {
    co_return fail(Errc::corrupt, "{}: the answer is encoded as '{}', which was not asked for", peer(), encoding);
  }
  const auto too_large = [&] {
    return fail(Errc::overloaded, "{}: the answer has more than {} bytes", peer(), max_bytes);
  };
  if (head_.content_length.value_or(0) > max_bytes && request_.method != "HEAD") co_return too_large();
  std::string out;
  constexpr std::size_t kStep = 16 * 1024;
  for (;;) {
    const std::size_t size = out.size();
    out.resize(size + std::min(kStep, max_bytes - size + 1));
    const asio::mutable_buffer space(out.data() + size, out.size() - size);
    const Result<std::size_t> n_bytes = co_await read(space);
    if (!n_bytes) co_return n_bytes.error();
    out.resize(size + *n_bytes);
    if (*n_bytes == 0) break;
    if (out.size() > max_bytes) co_return too_large();
  }
  if (!packed || out.empty()) co_return out;
  Result<std::string> text = gunzip(out, max_bytes);
  if (!text) co_return fail(text.error().code, "{}: {}", peer(), text.error().detail);
  co_return text;
}

}  // namespace quern::net

#include "net/connector.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>

namespace quern::net {
namespace {

namespace http = beast::http;
using asio::ip::tcp;
using Endpoint = asio::generic::stream_protocol::endpoint;

constexpr std::size_t kMaxAddresses = 16;

struct Named {
  Endpoint endpoint;
  std::string text;
};

// Shared with the look-up, which goes on where nobody waits for it any more.
struct LookUp {
  explicit LookUp(const asio::any_io_executor& executor) : resolver(executor), answered(executor) {}
  tcp::resolver resolver;
  asio::steady_timer answered;
  bool done = false;
  ErrorCode error;
  std::vector<tcp::endpoint> found;
};

class Connecting {
 public:
  Connecting(asio::any_io_executor executor, ConnectPlan plan, AbortSwitch& abort)
      : executor_(std::move(executor)),
        plan_(std::move(plan)),
        abort_(abort),
        deadline_(std::chrono::steady_clock::now() + plan_.time_limit) {}
  ~Connecting() { abort_.set_wake({}); }
  Connecting(const Connecting&) = delete;
  Connecting& operator=(const Connecting&) = delete;

  asio::awaitable<Result<std::unique_ptr<HttpConnection>>> run();

 private:
  Duration left() const { return std::max<Duration>(deadline_ - std::chrono::steady_clock::now(), Duration(1)); }
  std::string peer() const;  // who is connected to, for messages
  Error failure(std::string_view what) const;

  asio::awaitable<Result<std::vector<Named>>> addresses();
  asio::awaitable<Result<std::vector<Named>>> look_up(std::string host, std::string port);
  asio::awaitable<ErrorCode> connect_one(Endpoint endpoint, Duration time);
  asio::awaitable<Status> tunnel();

  const asio::any_io_executor executor_;
  const ConnectPlan plan_;
  AbortSwitch& abort_;
  const std::chrono::steady_clock::time_point deadline_;
  std::unique_ptr<HttpConnection> connection_;
};

std::string Connecting::peer() const {
  if (!plan_.unix_socket.empty()) return plan_.unix_socket;
  if (plan_.proxy == nullptr) return plan_.url.origin();
  return fmt::format("{} through the proxy {}", plan_.url.origin(), plan_.proxy->origin());
}

Error Connecting::failure(std::string_view what) const {
  if (abort_.aborted()) return fail(Errc::cancelled, "{}: cancelled while connecting", peer());
  return fail(Errc::io, "{}: {}", peer(), what);
}

std::string address_text(const tcp::endpoint& endpoint) {
  return fmt::format(
      "{}:{}", endpoint.address().is_v6() ? "[" + endpoint.address().to_string() + "]" : endpoint.address().to_string(),
      endpoint.port());
}

asio::awaitable<Result<std::vector<Named>>> Connecting::addresses() {
  if (!plan_.unix_socket.empty()) {
    using Local = asio::local::stream_protocol;
    if (plan_.unix_socket.size() >= sizeof(sockaddr_un::sun_path)) co_return failure("its path is too long");
    std::vector<Named> one{{Endpoint(Local::endpoint(plan_.unix_socket)), plan_.unix_socket}};
    co_return one;
  }
  const Url& to = plan_.proxy != nullptr ? *plan_.proxy : plan_.url;
  ErrorCode not_an_address;
  const auto address = asio::ip::make_address(to.host, not_an_address);
  if (!not_an_address) {
    const tcp::endpoint endpoint(address, to.port);
    std::vector<Named> one{{Endpoint(endpoint), address_text(endpoint)}};
    co_return one;
  }
  co_return co_await look_up(to.host, std::to_string(to.port));
}

asio::awaitable<Result<std::vector<Named>>> Connecting::look_up(std::string host, std::string port) {
  const auto state = std::make_shared<LookUp>(executor_);
  state->answered.expires_after(left());
  abort_.set_wake([state] { state->answered.cancel(); });
  state->resolver.async_resolve(host, port, [state](const ErrorCode& error, const tcp::resolver::results_type& found) {
    state->done = true;
    state->error = error;
    for (const auto& entry : found) {
      if (state->found.size() < kMaxAddresses) state->found.push_back(entry.endpoint());
    }
    state->answered.cancel();
  });
  if (!abort_.aborted()) [[maybe_unused]]
    auto woken = co_await state->answered.async_wait(kTuple);
  abort_.set_wake({});
  if (abort_.aborted() || !state->done) {
    state->resolver.cancel();
    co_return failure(fmt::format("the address of '{}' was not found in time", host));
  }
  if (state->error) co_return failure(fmt::format("no address of '{}': {}", host, words_of(state->error)));
  std::vector<Named> out;
  for (const tcp::endpoint& endpoint : state->found) out.push_back({Endpoint(endpoint), address_text(endpoint)});
  if (out.empty()) co_return failure(fmt::format("no address of '{}'", host));
  co_return out;
}

asio::awaitable<ErrorCode> Connecting::connect_one(Endpoint endpoint, Duration time) {
  connection_ = std::make_unique<HttpConnection>(executor_, plan_.buffer_bytes);
  PlainStream& stream = connection_->stream.plain();
  stream.expires_after(time);
  abort_.set_wake([this] { connection_->stream.close(); });
  auto connected = co_await stream.async_connect(endpoint, kTuple);
  const ErrorCode error = std::get<0>(connected);
  ErrorCode ignored;  // of a Unix socket
  if (!error) stream.socket().set_option(tcp::no_delay(true), ignored);
  co_return error;
}

// Asks the proxy for a connection to the server.
asio::awaitable<Status> Connecting::tunnel() {
  ByteStream& stream = connection_->stream;
  stream.plain().expires_after(left());
  const Url& url = plan_.url;
  const std::string name = url.host.find(':') == std::string::npos ? url.host : "[" + url.host + "]";
  const std::string head = fmt::format("CONNECT {0}:{1} HTTP/1.1\r\nHost: {0}:{1}\r\n\r\n", name, url.port);
  const asio::const_buffer bytes = asio::buffer(head);
  auto written = co_await asio::async_write(stream, bytes, kTuple);
  if (std::get<0>(written)) co_return failure(words_of(std::get<0>(written)));
  http::response_parser<http::empty_body> parser;
  parser.skip(true);  // what follows is the server's
  auto read = co_await http::async_read_header(stream, connection_->buffer, parser, kTuple);
  if (std::get<0>(read)) co_return failure(words_of(std::get<0>(read)));
  const int status = parser.get().result_int();
  if (status / 100 != 2) co_return failure(fmt::format("want 200 to CONNECT, the proxy answered {}", status));
  if (connection_->buffer.size() != 0) co_return failure("the proxy sent bytes before it was asked for any");
  co_return Status();
}

asio::awaitable<Result<std::unique_ptr<HttpConnection>>> Connecting::run() {
  auto found = co_await addresses();
  if (!found) co_return found.error();
  std::string tried;
  bool connected = false;
  for (std::size_t i = 0; i < found->size() && !connected && !abort_.aborted(); ++i) {
    const Named& one = (*found)[i];
    const auto n_left = static_cast<Duration::rep>(found->size() - i);
    const ErrorCode error = co_await connect_one(one.endpoint, std::max<Duration>(left() / n_left, Duration(1)));
    connected = !error;
    if (error) tried += fmt::format("{}{}: {}", tried.empty() ? "" : "; ", one.text, words_of(error));
  }
  if (!connected || abort_.aborted()) co_return failure(fmt::format("no connection ({})", tried));
  if (plan_.proxy != nullptr) {
    const Status through = co_await tunnel();
    if (!through) co_return through.error();
  }
  if (plan_.url.tls) {
    if (plan_.tls == nullptr) co_return failure("no certificates to check it with were loaded");
    connection_->stream.plain().expires_after(left());
    const Status safe = co_await connection_->stream.handshake(plan_.tls, plan_.url.host);
    if (!safe) co_return failure(safe.error().detail);
  }
  if (abort_.aborted()) co_return failure("");
  connection_->stream.plain().expires_never();
  co_return std::move(connection_);
}

}  // namespace

asio::awaitable<Result<std::unique_ptr<HttpConnection>>> open_connection(asio::any_io_executor executor,
                                                                         ConnectPlan plan, AbortSwitch& abort) {
  Connecting connecting(std::move(executor), std::move(plan), abort);
  co_return co_await connecting.run();
}

}  // namespace quern::net

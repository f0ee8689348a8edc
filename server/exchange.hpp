// One request and its response, as an endpoint sees it: either one reply(), or an event stream (SSE).
// Threads: the connection's strand. Ownership: lives in the session for the time of one request; refers to connection
// and state. A stream has one writer, which waits for each flush: a slow reader holds up only its own endpoint, which
// then does not drain its ticket, and the scheduler parks that sequence.
#pragma once

#include "base/result.hpp"
#include "server/connection.hpp"
#include "server/pipeline/request_memory.hpp"
#include "server/request_head.hpp"
#include "server/response.hpp"
#include "server/server_state.hpp"
#include "server/tenant.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace quern::server {

class Exchange {
 public:
  Exchange(Connection& connection, ServerState& state, RequestHead head);

  const RequestHead& head() const noexcept { return head_; }
  std::uint64_t arrival() const noexcept { return arrival_; }  // later requests have larger ones
  // What it holds of the memory budget.
  const std::shared_ptr<RequestMemory>& memory() const noexcept { return memory_; }
  const std::string& body() const noexcept { return body_; }
  void set_body(std::string body) { body_ = std::move(body); }
  std::string take_body() { return std::move(body_); }  // it still counts: see RequestMemory::drop_body()
  const std::string& path_value() const noexcept { return path_value_; }  // what {id} stood for
  void set_path_value(std::string value) { path_value_ = std::move(value); }
  // Who the request is counted for.
  std::string tenant() const { return tenant_of(head_.api_key, connection_.peer()); }
  net::any_io_executor executor() { return connection_.stream().get_executor(); }

  net::awaitable<void> reply(Response response);

  // Event stream: nothing is sent before the first flush().
  void start_events();
  void add_event(std::string_view data);  // "data: <data>\n\n"; data has no line breaks
  void add_ping();                        // a comment: clients drop streams that stay silent
  net::awaitable<bool> flush();           // false: the peer is gone
  // [DONE], end of the body. server_timing: sent behind it to clients that accept trailers.
  net::awaitable<void> finish_events(std::string server_timing);
  // An error event instead of what was not flushed; no [DONE], and the connection closes. code: as in error_json().
  net::awaitable<void> fail_events(const Error& error, std::string_view code = {});

  // Calls `then` once if the peer leaves while the result lives (at once if it has left already), or when the server
  // gives up waiting for it (drain timeout). One at a time.
  class DisconnectHook {
   public:
    explicit DisconnectHook(Connection& connection) noexcept : connection_(connection) {}
    DisconnectHook(const DisconnectHook&) = delete;
    DisconnectHook& operator=(const DisconnectHook&) = delete;
    ~DisconnectHook() { connection_.forget_watcher(); }

   private:
    Connection& connection_;
  };
  [[nodiscard]] DisconnectHook on_disconnect(std::function<void()> then) {
    connection_.watch(std::move(then));
    return DisconnectHook(connection_);
  }

  bool gone() const noexcept { return connection_.gone(); }
  bool replied() const noexcept { return replied_; }
  bool streaming() const noexcept { return streaming_; }  // between start_events() and the end of the body
  void close_after() noexcept { keep_alive_ = false; }
  bool keep_alive() const noexcept { return keep_alive_ && !connection_.overrun(); }
  void allow_origin() { origin_ok_ = true; }  // the Origin was checked: the page may read the response

 private:
  ReplyContext context() const;
  net::awaitable<bool> write_events(bool last);
  void log_error(unsigned status) const;

  Connection& connection_;
  ServerState& state_;
  RequestHead head_;
  const std::uint64_t arrival_;
  const std::shared_ptr<RequestMemory> memory_;
  std::string body_;
  std::string path_value_;
  std::string events_;  // not yet flushed
  std::string out_;     // being written
  std::string server_timing_;
  bool started_ = false;
  bool replied_ = false;
  bool streaming_ = false;
  bool keep_alive_;
  bool origin_ok_ = false;
};

}  // namespace quern::server

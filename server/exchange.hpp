// One request and its response, as an endpoint sees it: either one reply(), or a stream (SSE, lines of JSON).
// Threads: the connection's strand. Ownership: lives in the session for the time of one request; refers to connection
// and state. A stream has one writer, which waits for each flush: a slow reader holds up only its own endpoint, which
// then does not drain its ticket, and the scheduler parks that sequence.
#pragma once

#include "base/result.hpp"
#include "server/api/dialect.hpp"
#include "server/connection.hpp"
#include "server/pipeline/request_memory.hpp"
#include "server/request_head.hpp"
#include "server/response.hpp"
#include "server/server_state.hpp"
#include "server/tenant.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quern::server {

class UploadBody;

class Exchange {
 public:
  Exchange(Connection& connection, ServerState& state, RequestHead head, const Dialect& dialect);

  const RequestHead& head() const noexcept { return head_; }
  const Dialect& dialect() const noexcept { return dialect_; }
  std::uint64_t arrival() const noexcept { return arrival_; }  // later requests have larger ones
  // What it holds of the memory budget.
  const std::shared_ptr<RequestMemory>& memory() const noexcept { return memory_; }
  const std::string& body() const noexcept { return body_; }
  void set_body(std::string body);
  std::string take_body() { return std::move(body_); }  // it still counts: see RequestMemory::drop_body()
  // Of a route that reads its body itself; else nullptr.
  UploadBody* upload() noexcept { return upload_; }
  void set_upload(UploadBody* upload) noexcept { upload_ = upload; }
  const std::string& path_value() const noexcept { return path_value_; }  // what {id} stood for
  void set_path_value(std::string value) { path_value_ = std::move(value); }
  // Who the request is counted for.
  const Caller& caller() const noexcept { return caller_; }
  const std::string& tenant() const noexcept { return caller_.tenant; }
  void set_caller(Caller caller) { caller_ = std::move(caller); }
  net::any_io_executor executor() { return connection_.get_executor(); }

  // For the activity log, where there is one; nullptr: there is none.
  Activity* activity() noexcept { return activity_ ? &*activity_ : nullptr; }
  void begin_activity(std::string endpoint);
  void end_activity();  // puts it into the log

  // Fields of the request that nobody knows: the reply names them.
  void note_ignored(std::vector<std::string> paths);

  // An error in the shape of the dialect. Where the stream has begun early, it is the end of it: the error, or the
  // body as its last line.
  net::awaitable<void> reply(Response response);

  // A stream: nothing is sent before the first flush(). on_failure: what its end looks like when something fails.
  // One that has begun early goes on with it.
  void start_stream(std::string_view content_type, std::function<void(const HttpError&, std::string&)> on_failure);
  // Whether its stream may begin before it is known what it answers with: a client that waits for a model hears that
  // the server is there.
  void allow_early_stream() noexcept { early_allowed_ = true; }
  bool early_stream_allowed() const noexcept { return early_allowed_; }
  std::string& out() noexcept { return pending_; }  // to append to: not yet flushed
  net::awaitable<bool> flush();                     // false: the peer is gone
  // The end of the body. server_timing: sent behind it to clients that accept trailers.
  net::awaitable<void> finish_stream(std::string server_timing);
  // An error instead of what was not flushed. The body ends as others do and the connection stays, as its head said: a
  // client's next request may be on its way.
  net::awaitable<void> fail_stream(const HttpError& error);

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
  bool streaming() const noexcept { return streaming_; }  // between start_stream() and the end of the body
  void close_after() noexcept { keep_alive_ = false; }
  bool keep_alive() const noexcept { return keep_alive_ && !connection_.overrun(); }
  void allow_origin() { origin_ok_ = true; }  // the Origin was checked: the page may read the response

 private:
  ReplyContext context() const;
  net::awaitable<bool> write_stream(bool last);
  net::awaitable<void> end_early(Response response);
  void log_error(unsigned status) const;
  void note_answer(std::string_view bytes);

  Connection& connection_;
  ServerState& state_;
  RequestHead head_;
  Caller caller_;
  const std::uint64_t arrival_;
  const std::shared_ptr<RequestMemory> memory_;
  std::string body_;
  std::string path_value_;
  const Dialect& dialect_;
  std::string pending_;  // of a stream: not yet flushed
  std::string out_;      // being written
  std::string stream_type_;
  std::string ignored_;  // the value of X-Quern-Ignored
  std::function<void(const HttpError&, std::string&)> on_failure_;
  std::string server_timing_;
  UploadBody* upload_ = nullptr;
  std::optional<Activity> activity_;
  TimePoint activity_began_{};
  bool early_allowed_ = false;
  bool started_ = false;
  bool replied_ = false;
  bool streaming_ = false;
  bool keep_alive_;
  bool origin_ok_ = false;
};

}  // namespace quern::server

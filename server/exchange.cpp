#include "server/exchange.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"
#include "base/log_record.hpp"
#include "server/api/frames.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace quern::server {
namespace {

constexpr std::size_t kLargeBody = 64u << 10;

// A path as part of a log line: clients choose it.
std::string loggable(std::string_view path) {
  constexpr std::size_t kMaxBytes = 128;
  std::string out(path.empty() ? "-" : path.substr(0, kMaxBytes));
  std::ranges::replace_if(
      out, [](char c) { return c <= ' ' || c > '~'; }, '?');
  return out;
}

}  // namespace

Exchange::Exchange(Connection& connection, ServerState& state, RequestHead head, const Dialect& dialect)
    : connection_(connection),
      state_(state),
      head_(std::move(head)),
      arrival_(state.next_arrival()),
      memory_(std::make_shared<RequestMemory>(state)),
      dialect_(dialect),
      keep_alive_(head_.keep_alive) {}

ReplyContext Exchange::context() const {
  return {.http_1_0 = head_.http_1_0,
          .keep_alive = keep_alive(),
          .trailers = head_.accepts_trailers && !head_.http_1_0,
          .head_only = head_.method == beast::http::verb::head,
          .request_id = head_.request_id,
          .ignored = ignored_,
          .allowed_origin = origin_ok_ ? std::string_view(head_.origin) : std::string_view(),
          .now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now())};
}

// The names are the client's own: what may not stand in a header is not shown, and no more than a line of them.
void Exchange::note_ignored(std::vector<std::string> paths) {
  constexpr std::size_t kMaxBytes = 1024;
  for (const std::string& path : paths) {
    if (ignored_.size() + path.size() > kMaxBytes) break;
    ignored_ += (ignored_.empty() ? "" : ", ") + loggable(path);
  }
  if (!ignored_.empty()) log::info("request {}: unknown fields: {}", head_.request_id, ignored_);
}

void Exchange::begin_activity(std::string endpoint) {
  if (!state_.activity) return;
  activity_began_ = state_.services.clock.now();
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  activity_.emplace(Activity{.at_unix_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count(),
                             .request_id = head_.request_id,
                             .tenant = caller_.tenant,
                             .endpoint = std::move(endpoint)});
}

void Exchange::end_activity() {
  if (!activity_) return;
  activity_->total_s = to_seconds(state_.services.clock.now() - activity_began_);
  state_.activity->put(std::move(*activity_));
  activity_.reset();
}

void Exchange::set_body(std::string body) {
  body_ = std::move(body);
  if (!activity_) return;
  activity_->request_bytes = body_.size();
  activity_->request = body_.substr(0, state_.activity->body_bytes());
}

void Exchange::note_answer(std::string_view bytes) {
  if (!activity_) return;
  activity_->answer_bytes += bytes.size();
  const std::uint64_t most = state_.activity->body_bytes();
  if (activity_->answer.size() < most) activity_->answer += bytes.substr(0, most - activity_->answer.size());
}

net::awaitable<void> Exchange::reply(Response response) {
  if (streaming_) {
    co_await end_early(std::move(response));
    co_return;
  }
  QUERN_ASSERT(!replied_);
  replied_ = true;
  if (state_.draining()) keep_alive_ = false;
  if (response.error) response.body = dialect_.error_body(*response.error);
  state_.count_response(response.status);
  if (activity_) {
    activity_->status = response.status;
    activity_->finished = true;
    if (response.error) activity_->error = response.error->message;
  }
  note_answer(response.body);
  if (response.status >= ServerState::kFirstError && state_.options.log_requests) log_error(response.status);
  // A large body goes out from where it is.
  const bool apart = response.body.size() > kLargeBody && head_.method != beast::http::verb::head;
  out_ = apart ? serialize_head(response, context()) : serialize(response, context());
  bool sent = co_await connection_.write(out_, state_.options.limits.read_pace());
  if (sent && apart) sent = co_await connection_.write(response.body, state_.options.limits.read_pace());
  if (!sent) keep_alive_ = false;
}

net::awaitable<void> Exchange::end_early(Response response) {
  if (response.error) {
    if (state_.options.log_requests) log_error(response.status);
    co_await fail_stream(*response.error);
    co_return;
  }
  append_line(pending_, response.body);
  co_await finish_stream({});
}

// The query of the target is left out: nobody knows what clients put there.
void Exchange::log_error(unsigned status) const {
  const std::vector<log::Field> fields{{"request_id", head_.request_id}, {"status", std::int64_t{status}}};
  const auto method = beast::http::to_string(head_.method);
  log::record(fmt::format("{} {}", std::string_view(method), loggable(head_.path)), fields);
}

void Exchange::start_stream(std::string_view content_type,
                            std::function<void(const HttpError&, std::string&)> on_failure) {
  if (streaming_) {
    QUERN_ASSERT(content_type == stream_type_);
    on_failure_ = std::move(on_failure);
    return;
  }
  QUERN_ASSERT(!replied_);
  replied_ = true;
  streaming_ = true;
  stream_type_ = content_type;
  on_failure_ = std::move(on_failure);
  if (head_.http_1_0 || state_.draining()) keep_alive_ = false;
  state_.count_response(200);
  if (activity_) activity_->status = 200;
}

net::awaitable<bool> Exchange::flush() {
  return write_stream(false);
}

net::awaitable<bool> Exchange::write_stream(bool last) {
  out_.clear();
  if (!std::exchange(started_, true)) out_ = stream_head(stream_type_, context());
  if (head_.http_1_0) {
    out_ += pending_;
  } else {
    append_chunk(out_, pending_);
    if (last) append_last_chunk(out_, context().trailers ? server_timing_ : "");
  }
  note_answer(pending_);
  pending_.clear();
  streaming_ = !last;
  const bool sent = co_await connection_.write(out_, state_.options.limits.read_pace());
  if (!sent) keep_alive_ = false;
  if (activity_ && last && sent) activity_->finished = activity_->error.empty();
  co_return sent;
}

net::awaitable<void> Exchange::finish_stream(std::string server_timing) {
  server_timing_ = std::move(server_timing);
  [[maybe_unused]] const bool sent = co_await write_stream(true);
}

net::awaitable<void> Exchange::fail_stream(const HttpError& error) {
  pending_.clear();
  if (activity_) activity_->error = error.message;
  on_failure_(error, pending_);
  [[maybe_unused]] const bool sent = co_await write_stream(true);
}

}  // namespace quern::server

#include "registry/pull/file_download.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>

namespace quern::registry::pull {
namespace {

constexpr std::uint64_t kSmallBytes = 1u << 20;   // fetched in one piece, compressed where the server likes
constexpr std::uint64_t kMostPacking = 1u << 16;  // by which a compressed answer may be larger
constexpr int kMaxRounds = 8;                     // of connections that all end early

}  // namespace

FileDownload::FileDownload(sources::HubSession& session, sources::PlanFile file, PartFile& part, FollowingHash& hash,
                           DownloadLimits limits, OnBytes on_bytes)
    : session_(session),
      file_(std::move(file)),
      part_(part),
      hash_(hash),
      limits_(limits),
      on_bytes_(std::move(on_bytes)) {}

void FileDownload::stop(std::optional<Error> error) {
  if (!stopped_) error_ = std::move(error);
  stopped_ = true;
  for (net::HttpExchange* const exchange : running_) exchange->cancel();
  if (changed_timer_) changed_timer_->cancel();
}

asio::awaitable<Result<FileDownload::Outcome>> FileDownload::run() {
  Result<net::Url> url = net::parse_url(file_.url);
  if (!url) co_return url.error();
  url_ = std::move(*url);
  ChunkMap& chunks = part_.chunks();
  hash_.advance(chunks.whole_prefix());
  if (file_.size <= std::min(kSmallBytes, chunks.chunk_bytes()) && !chunks.all_whole()) {
    Result<Outcome> outcome = co_await fetch_small();
    co_return outcome;
  }
  changed_timer_.emplace(session_.executor());
  for (int round = 0; round < kMaxRounds && !chunks.all_whole() && !stopped_; ++round) {
    knows_ranges_ = true;
    whole_reader_ = nullptr;
    chunks.give_back({0, file_.size});
    n_working_ = std::clamp<std::size_t>(limits_.n_connections, 1, chunks.n_chunks());
    for (std::size_t i = 0, n = n_working_; i < n; ++i) {
      asio::co_spawn(
          session_.executor(), work(shared_from_this()),
          [self = shared_from_this()](const std::exception_ptr& failure) {
            if (failure)
              self->stop(fail(Errc::io, "{}: the download ended by a fault of the program", self->file_.name));
            --self->n_working_;
            self->changed_timer_->cancel();
          });
    }
    co_await wait_for_workers();
  }
  const bool whole = !stopped_ && chunks.all_whole();
  stop(std::nullopt);
  if (changed_) co_return Outcome::changed;
  if (error_) co_return *error_;
  if (!whole)
    co_return fail(Errc::io, "{}: the server gives only parts of it; what is here is kept: pull again to go on",
                   file_.name);
  co_return Outcome::whole;
}

asio::awaitable<void> FileDownload::wait_for_workers() {
  while (n_working_ > 0 && !stopped_ && !part_.chunks().all_whole()) {
    changed_timer_->expires_at(asio::steady_timer::time_point::max());
    [[maybe_unused]] auto woken = co_await changed_timer_->async_wait(net::kTuple);
  }
}

asio::awaitable<void> FileDownload::work(std::shared_ptr<FileDownload> self) {
  while (!self->stopped_ && self->knows_ranges_) {
    const auto range = self->part_.chunks().take(self->limits_.n_connections, self->limits_.range_bytes);
    if (!range) co_return;
    const Status fetched = co_await self->fetch(*range);
    if (self->stopped_) co_return;
    if (!fetched) {
      self->stop(fetched.error());
      co_return;
    }
  }
}

asio::awaitable<Status> FileDownload::fetch(ByteRange range) {
  std::uint64_t at = range.begin;
  for (std::uint32_t n_failures = 0; at < range.end;) {
    const std::uint64_t before = at, whole_before = part_.chunks().whole_bytes();
    Result<Attempt> attempt = co_await try_once(at, range.end);
    if (stopped_) co_return Status();
    if (!attempt) co_return attempt.error();
    if (attempt->give_up || at >= range.end) co_return Status();
    const bool got_on = at != before || (whole_reader_ == &at && part_.chunks().whole_bytes() != whole_before);
    if (attempt->done && got_on) {  // less than was asked for
      n_failures = 0;
      continue;
    }
    n_failures = got_on ? 1 : n_failures + 1;
    if (n_failures >= session_.options().retries.max_attempts) {
      co_return fail(Errc::io, "{}: {}; {} tries brought nothing new. What is here is kept: pull again to go on",
                     file_.name, attempt->what, n_failures);
    }
    if (attempt->at_once && n_failures == 1) continue;
    Status waited =
        co_await session_.wait_for_retry(std::move(attempt->what), std::move(attempt->head), n_failures - 1);
    if (stopped_) co_return Status();
    if (!waited) co_return waited;
  }
  co_return Status();
}

asio::awaitable<Result<FileDownload::Attempt>> FileDownload::try_once(std::uint64_t& at, std::uint64_t end) {
  const bool was_known = location_.has_value();
  net::Url url = was_known ? *location_ : *url_;
  std::vector<net::Header> headers{{"Range", fmt::format("bytes={}-{}", at, end - 1)}};
  Result<sources::Opened> opened = co_await session_.open(std::move(url), std::move(headers));
  if (stopped_) co_return Attempt{.give_up = true};
  if (!opened) {
    if (opened.error().code != Errc::io || session_.options().offline) co_return opened.error();
    location_.reset();
    co_return Attempt{.what = opened.error().detail};
  }
  const int status = opened->exchange.head().status;
  if (status != 200 && status != 206) co_return judge_refusal(*opened, was_known);
  if (opened->url != *url_) location_ = opened->url;
  Result<Attempt> attempt = co_await read_answer(*opened, at, end);
  co_return attempt;
}

Result<FileDownload::Attempt> FileDownload::judge_refusal(const sources::Opened& opened, bool was_known) {
  const net::ResponseHead& head = opened.exchange.head();
  const std::string what = fmt::format("{} answers {}", opened.url.origin(), head.status);
  const bool elsewhere = opened.url != *url_;
  if (elsewhere) location_.reset();
  if (sources::may_succeed_later(head.status)) return Attempt{.what = what, .head = head};
  if (head.status == 416) return Attempt{.what = what + ": it says that the file is shorter"};
  // A signed address that has expired; the hub gives another one, or says why not.
  if (elsewhere && head.status >= 400) return Attempt{.at_once = was_known, .what = what};
  return session_.explain(*url_, head);
}

asio::awaitable<Result<FileDownload::Outcome>> FileDownload::fetch_small() {
  std::vector<net::Header> headers;
  Result<sources::HubReply> reply = co_await session_.get(*url_, std::move(headers), file_.size + kMostPacking);
  if (!reply) co_return reply.error();
  if (reply->body.size() != file_.size) {
    co_return fail(Errc::corrupt, "{}: want {} bytes, found {}", file_.name, file_.size, reply->body.size());
  }
  Reading reading{0, file_.size};
  const Status stored = store(reading, std::as_bytes(std::span(reply->body)));
  if (!stored) co_return stored.error();
  co_return Outcome::whole;
}

}  // namespace quern::registry::pull

// What FileDownload does with an answer that has a body: is it the file, and which bytes of it.
#include "registry/pull/content_range.hpp"
#include "registry/pull/file_download.hpp"

#include <algorithm>
#include <chrono>

namespace quern::registry::pull {
namespace {

constexpr std::size_t kBufferBytes = 512 * 1024;
constexpr Duration kLongestUnwritten = std::chrono::milliseconds(250);

// Among those that stop() ends.
class Registered {
 public:
  Registered(std::set<net::HttpExchange*>& all, net::HttpExchange& exchange) : all_(all), exchange_(&exchange) {
    all_.insert(exchange_);
  }
  ~Registered() { all_.erase(exchange_); }
  Registered(const Registered&) = delete;
  Registered& operator=(const Registered&) = delete;

 private:
  std::set<net::HttpExchange*>& all_;
  net::HttpExchange* exchange_;
};

// Whether a connection brings at least so many bytes per second, looked at once per window.
class Pace {
 public:
  Pace(TimePoint now, Duration window, std::uint64_t min_rate) : window_(window), min_rate_(min_rate), began_(now) {}
  bool too_slow(TimePoint now, std::size_t n_bytes) {
    n_bytes_ += n_bytes;
    const Duration passed = now - began_;
    if (passed < window_) return false;
    const bool slow = static_cast<double>(n_bytes_) < static_cast<double>(min_rate_) * to_seconds(passed);
    began_ = now;
    n_bytes_ = 0;
    return slow;
  }

 private:
  Duration window_;
  std::uint64_t min_rate_, n_bytes_ = 0;
  TimePoint began_;
};

}  // namespace

Status FileDownload::check_same_file(const net::ResponseHead& head, std::optional<std::uint64_t> total) {
  const std::string_view encoding = head.header("Content-Encoding");
  if (!encoding.empty() && encoding != "identity") {
    return fail(Errc::corrupt, "{}: the server sends it compressed ({}) although it was asked not to", file_.name,
                sources::quoted(encoding));
  }
  std::string_view validator = head.header("ETag");
  if (validator.empty()) validator = head.header("Last-Modified");
  // What is pinned by a digest is judged by that in the end: servers of one network may differ in their ETags.
  const bool pinned = file_.digest.kind != sources::DigestKind::none;
  const bool other_size = total && *total != file_.size;
  if (!pinned && (other_size || (!file_.validator.empty() && validator != file_.validator))) {
    changed_ = true;
    return fail(Errc::cancelled, "{}: it was replaced", file_.name);
  }
  if (other_size)
    return fail(Errc::corrupt, "{}: the hub names {} bytes, the server has {}", file_.name, file_.size, *total);
  return {};
}

asio::awaitable<Result<FileDownload::Attempt>> FileDownload::read_answer(sources::Opened& opened, std::uint64_t& at,
                                                                         std::uint64_t end) {
  const net::ResponseHead& head = opened.exchange.head();
  if (head.status == 200) {
    const Status same = check_same_file(head, head.content_length);
    if (!same) co_return same.error();
    const bool is_all = at == 0 && end == file_.size;
    if (!is_all) {
      Result<Attempt> attempt = co_await read_whole_file(opened, at, end);
      co_return attempt;
    }
  } else {
    const auto range = read_content_range(head.header("Content-Range"));
    if (!range || range->begin != at || range->end > end || range->end <= at) {
      co_return Attempt{.what = fmt::format("{}: want bytes {}-{}, found Content-Range {}", opened.url.origin(), at,
                                            end - 1, sources::quoted(head.header("Content-Range")))};
    }
    const Status same = check_same_file(head, range->total);
    if (!same) co_return same.error();
    end = range->end;
  }
  Reading reading{at, end};
  Result<Attempt> attempt = co_await read_bytes(opened, reading);
  if (stopped_) co_return Attempt{.give_up = true};
  at = reading.at;
  co_return attempt;
}

asio::awaitable<Result<FileDownload::Attempt>> FileDownload::read_whole_file(sources::Opened& opened, std::uint64_t& at,
                                                                             std::uint64_t end) {
  knows_ranges_ = false;
  if (whole_reader_ != nullptr && whole_reader_ != &at) co_return Attempt{.give_up = true};
  whole_reader_ = &at;
  Reading reading{.at = 0, .end = file_.size, .skip_whole = true};
  Result<Attempt> attempt = co_await read_bytes(opened, reading);
  if (stopped_) co_return Attempt{.give_up = true};
  if (attempt && attempt->done) at = end;
  co_return attempt;
}

asio::awaitable<Result<FileDownload::Attempt>> FileDownload::read_bytes(sources::Opened& opened, Reading& reading) {
  net::HttpExchange& exchange = opened.exchange;
  const Registered registered(running_, exchange);
  std::vector<std::byte> buffer(
      static_cast<std::size_t>(std::min<std::uint64_t>(kBufferBytes, part_.chunks().chunk_bytes())));
  std::size_t n_filled = 0;
  TimePoint written = std::chrono::steady_clock::now();
  Pace pace(written, session_.options().silence, limits_.min_rate);
  std::string what;
  while (reading.at < reading.end && what.empty()) {
    const auto room = static_cast<std::size_t>(
        std::min<std::uint64_t>(buffer.size() - n_filled, reading.end - reading.at - n_filled));
    const asio::mutable_buffer space(buffer.data() + n_filled, room);
    const Result<std::size_t> n_bytes = co_await exchange.read(space);
    if (stopped_) co_return Attempt{.give_up = true};
    const TimePoint now = std::chrono::steady_clock::now();
    if (!n_bytes) {
      what = n_bytes.error().detail;
    } else if (*n_bytes == 0) {
      what =
          fmt::format("{}: the answer ends {} bytes early", opened.url.origin(), reading.end - reading.at - n_filled);
    } else {
      n_filled += *n_bytes;
      if (pace.too_slow(now, *n_bytes)) {
        what = fmt::format("{}: it brings less than {} bytes per second", opened.url.origin(), limits_.min_rate);
      }
    }
    const bool is_last = reading.at + n_filled == reading.end;
    if (n_filled == buffer.size() || is_last || !what.empty() || now - written > kLongestUnwritten) {
      const Status stored = store(reading, std::span(buffer.data(), n_filled));
      if (!stored) co_return stored.error();
      n_filled = 0;
      written = now;
    }
  }
  if (!what.empty() && reading.at < reading.end) co_return Attempt{.what = std::move(what)};
  // The end of the answer, so that the connection can be used again.
  std::byte surplus{};
  const asio::mutable_buffer space(&surplus, 1);
  if (exchange.head().content_length) {
    [[maybe_unused]] const auto ended = co_await exchange.read(space);
  }
  co_return Attempt{.done = true};
}

Status FileDownload::store(Reading& reading, std::span<const std::byte> bytes) {
  ChunkMap& chunks = part_.chunks();
  while (!bytes.empty()) {
    const auto chunk = static_cast<std::size_t>(reading.at / chunks.chunk_bytes());
    const ByteRange range = chunks.range_of(chunk);
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), range.end - reading.at));
    if (!reading.skip_whole || !chunks.is_whole(chunk)) {
      QUERN_CHECK(part_.write(reading.at, bytes.first(n)));
      on_bytes_(n);
      if (reading.at + n == range.end) {
        QUERN_CHECK(part_.mark_whole(chunk));
        hash_.advance(chunks.whole_prefix());
      }
    }
    reading.at += n;
    bytes = bytes.subspan(n);
  }
  if (chunks.all_whole() && changed_timer_) changed_timer_->cancel();
  return {};
}

}  // namespace quern::registry::pull

// Fetches what a part file lacks, over several connections at once, and hashes it on the way. Each connection takes a
// range of chunks, asks for it, and goes on where it was when it breaks: after growing pauses, with what a hub asks for
// in RateLimit or Retry-After, and with a fresh address where a signed one has expired. A server that does not know
// ranges is read from the beginning over one connection, past what is here. A connection that is silent, or slower than
// min_rate, is replaced.
// Threads: one, that of the session, and the hash's own. Ownership: shared by its connections' coroutines.
// Errors: those of HubSession::explain() for what is refused; io after max_attempts in a row without a new byte;
// corrupt: another size than was said, a compressed answer; overloaded: no room on the disk. What is whole stays in the
// part.
#pragma once

#include "registry/pull/following_hash.hpp"
#include "registry/pull/part_file.hpp"
#include "registry/pull/pull_event.hpp"
#include "registry/sources/hub_session.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/steady_timer.hpp>

namespace quern::registry::pull {

namespace asio = boost::asio;

struct DownloadLimits {
  std::size_t n_connections = 4;
  std::uint64_t chunk_bytes = 0;          // 0: about a thousandth of the file, 64 KiB to 4 MiB
  std::uint64_t range_bytes = 64u << 20;  // of one request at most: a pause between two costs little beside it
  std::uint64_t min_rate = 1024;          // bytes/s over HubOptions::silence that a connection must bring
};

class FileDownload : public std::enable_shared_from_this<FileDownload> {
 public:
  enum class Outcome : std::uint8_t {
    whole,    // every byte is in the part
    changed,  // the file behind the address is another one now
  };
  using OnBytes = std::function<void(std::uint64_t n_new)>;

  FileDownload(sources::HubSession& session, sources::PlanFile file, PartFile& part, FollowingHash& hash,
               DownloadLimits limits, OnBytes on_bytes);

  // Once. REQUIRES: what it refers to outlives the executor's last coroutine.
  asio::awaitable<Result<Outcome>> run();

 private:
  // What came of one request.
  struct Attempt {
    bool done = false;       // all that the answer promised is stored
    bool give_up = false;    // somebody else fetches it
    bool at_once = false;    // with a fresh address: no pause
    std::string what;        // in words, where it is to be tried again
    net::ResponseHead head;  // may ask for a pause
  };
  struct Reading {  // of one answer
    std::uint64_t at = 0, end = 0;
    bool skip_whole = false;  // chunks that are here are read past
  };

  static asio::awaitable<void> work(std::shared_ptr<FileDownload> self);
  asio::awaitable<Status> fetch(ByteRange range);
  asio::awaitable<Result<Attempt>> try_once(std::uint64_t& at, std::uint64_t end);
  asio::awaitable<Result<Attempt>> read_answer(sources::Opened& opened, std::uint64_t& at, std::uint64_t end);
  asio::awaitable<Result<Attempt>> read_whole_file(sources::Opened& opened, std::uint64_t& at, std::uint64_t end);
  asio::awaitable<Result<Attempt>> read_bytes(sources::Opened& opened, Reading& reading);
  Result<Attempt> judge_refusal(const sources::Opened& opened, bool was_known);
  Status check_same_file(const net::ResponseHead& head, std::optional<std::uint64_t> total);
  Status store(Reading& reading, std::span<const std::byte> bytes);
  asio::awaitable<Result<Outcome>> fetch_small();
  asio::awaitable<void> wait_for_workers();
  void stop(std::optional<Error> error);

  sources::HubSession& session_;
  const sources::PlanFile file_;
  PartFile& part_;
  FollowingHash& hash_;
  const DownloadLimits limits_;
  const OnBytes on_bytes_;
  std::optional<net::Url> url_;                      // of the hub
  std::optional<net::Url> location_;                 // to where it redirected last
  std::optional<asio::steady_timer> changed_timer_;  // wakes run()
  std::set<net::HttpExchange*> running_;
  std::size_t n_working_ = 0;
  bool stopped_ = false, changed_ = false;
  bool knows_ranges_ = true;
  const std::uint64_t* whole_reader_ = nullptr;  // whose fetch reads the whole file, where ranges are not known
  std::optional<Error> error_;
};

}  // namespace quern::registry::pull

// One run of a pull on its network loop: the steps from the plan to the last file, as coroutines. The inside of Puller.
// Threads: one, that of the loop.
#pragma once

#include "registry/pull/puller.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace quern::registry::pull {

struct Puller::Task {
  Task(const PullOptions& options_in, const BlobStore& store_in, const OnEvent& on_event_in,
       sources::HubSession& session_in, boost::asio::io_context& io_in)
      : options(options_in), store(store_in), on_event(on_event_in), session(session_in), io(io_in) {}

  const PullOptions& options;
  const BlobStore& store;
  const OnEvent& on_event;
  sources::HubSession& session;
  boost::asio::io_context& io;

  asio::awaitable<Result<sources::PullPlan>> plan();
  asio::awaitable<Result<PullResult>> pull();

  bool changed = false;  // a file behind an address was replaced meanwhile: all of it once more

 private:
  asio::awaitable<Result<PulledFile>> get_file(const sources::PullPlan& plan, sources::PlanFile file);
  Result<std::optional<PulledFile>> find_present(const sources::PullPlan& plan, const sources::PlanFile& file);
  Result<std::optional<PulledFile>> find_in_store(const sources::PlanFile& file, const Digest& digest);
  // Empty: another process had it; look again.
  asio::awaitable<Result<std::optional<PulledFile>>> fetch_or_wait(sources::PlanFile file, Digest key);
  asio::awaitable<Result<std::optional<PulledFile>>> fetch(sources::PlanFile file, PartFile& part);
  asio::awaitable<Result<FileHashes>> wait_for_hash(const sources::PlanFile& file, FollowingHash& hash);
  asio::awaitable<Status> fetch_bytes(const sources::PlanFile& file, PartFile& part, FollowingHash& hash);
  Result<PulledFile> adopt(sources::PlanFile file, const FileHashes& hashes, PartFile& part);
  asio::awaitable<void> pause();
  void tell(Stage stage, const sources::PlanFile* file, std::uint64_t bytes = 0, std::string text = {});
  void tell_bytes(const sources::PlanFile& file, std::uint64_t bytes);

  RateMeter meter_;
  std::uint64_t fetched_bytes_ = 0;
  TimePoint told_{};
};

}  // namespace quern::registry::pull

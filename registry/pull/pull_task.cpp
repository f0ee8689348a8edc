#include "registry/pull/pull_task.hpp"

#include "registry/sources/plan.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <unistd.h>

namespace quern::registry::pull {
namespace {

constexpr std::chrono::milliseconds kLook{100};  // how often what other threads and processes do is looked at
constexpr std::uint64_t kHashStep = 64u << 20;   // of a local copy between two events

std::string identity_of(const sources::PlanFile& file) {
  if (file.digest.kind != sources::DigestKind::none) return sources::to_text(file.digest);
  // Without anything that tells versions apart nothing that was begun may be gone on with.
  static std::atomic<std::uint64_t> n_unversioned{0};
  std::string version_text = file.url + "\n" + file.validator;
  if (file.validator.empty()) version_text += fmt::format("{} {}", ::getpid(), ++n_unversioned);
  const Result<Digest> version = digest_of(version_text);
  return version ? "version " + version->hex() : std::string();
}

std::string wrong_digest(const sources::PlanFile& file, const FileHashes& hashes) {
  const bool is_git = file.digest.kind == sources::DigestKind::git_sha1;
  return fmt::format("{}: want {}, found {}", file.name, sources::to_text(file.digest),
                     is_git ? "git-sha1:" + hashes.git_sha1 : hashes.sha256.text());
}

// What a kill may cost is a chunk per connection; what is remembered of one is a byte.
std::uint64_t usual_chunk(std::uint64_t size) {
  return std::bit_ceil(std::clamp<std::uint64_t>(size / 1024, 64u << 10, 4u << 20));
}

bool is_right(const sources::PlanFile& file, const FileHashes& hashes) {
  if (file.digest.kind == sources::DigestKind::sha256) return hashes.sha256.hex() == file.digest.hex;
  return file.digest.kind == sources::DigestKind::none || hashes.git_sha1 == file.digest.hex;
}

}  // namespace

void Puller::Task::tell(Stage stage, const sources::PlanFile* file, std::uint64_t bytes, std::string text) {
  PullEvent event{.stage = stage};
  if (file != nullptr) {
    event.file = file->name;
    event.digest = sources::to_text(file->digest);
    event.total = file->size;
  }
  event.bytes = bytes;
  event.text = std::move(text);
  on_event(event);
}

void Puller::Task::tell_bytes(const sources::PlanFile& file, std::uint64_t bytes) {
  const TimePoint now = std::chrono::steady_clock::now();
  if (now - told_ < kLook && bytes < file.size) return;
  told_ = now;
  PullEvent event{.stage = Stage::downloading,
                  .file = file.name,
                  .digest = sources::to_text(file.digest),
                  .bytes = bytes,
                  .total = file.size};
  event.bytes_per_s = meter_.bytes_per_s(now);
  event.seconds_left = meter_.seconds_left(now, file.size - std::min(bytes, file.size));
  on_event(event);
}

asio::awaitable<void> Puller::Task::pause() {
  asio::steady_timer timer(session.executor(), kLook);
  [[maybe_unused]] auto woken = co_await timer.async_wait(net::kTuple);
}

asio::awaitable<Result<sources::PullPlan>> Puller::Task::plan() {
  tell(Stage::asking, nullptr, 0, options.ref.display());
  ModelRef ref = options.ref;
  Result<sources::PullPlan> made = co_await sources::plan_pull(session, std::move(ref));
  if (!made) co_return made;
  PullEvent event{.stage = Stage::planned, .total = made->size()};
  event.plan = &*made;
  on_event(event);
  co_return made;
}

asio::awaitable<Result<PullResult>> Puller::Task::pull() {
  changed = false;
  Result<sources::PullPlan> made = co_await plan();
  if (!made) co_return made.error();
  PullResult out;
  out.plan = std::move(*made);
  if (options.have_all && options.have_all(out.plan)) {
    out.up_to_date = true;
    tell(Stage::done, nullptr);
    co_return out;
  }
  const Status space = store.check_space(missing_bytes(store, options.folders, out.plan));
  if (!space) co_return space.error();
  for (const sources::PlanFile& file : out.plan.files) {
    sources::PlanFile wanted = file;
    Result<PulledFile> got = co_await get_file(out.plan, std::move(wanted));
    if (!got) co_return got.error();
    out.files.push_back(std::move(*got));
  }
  out.fetched_bytes = fetched_bytes_;
  tell(Stage::done, nullptr);
  co_return out;
}

asio::awaitable<Result<PulledFile>> Puller::Task::get_file(const sources::PullPlan& plan, sources::PlanFile file) {
  const Result<Digest> key = part_key(file);
  if (!key) co_return key.error();
  for (;;) {
    Result<std::optional<PulledFile>> present = find_present(plan, file);
    if (!present) co_return present.error();
    if (*present) co_return std::move(**present);
    Result<std::optional<PulledFile>> fetched = co_await fetch_or_wait(file, *key);
    if (!fetched) co_return fetched.error();
    if (*fetched) co_return std::move(**fetched);
  }
}

Result<std::optional<PulledFile>> Puller::Task::find_in_store(const sources::PlanFile& file, const Digest& digest) {
  Result<BlobHold> hold = store.hold(digest);
  if (!hold && hold.error().code == Errc::not_found) return std::optional<PulledFile>();
  if (!hold) return hold.error();
  const Result<std::uint64_t> size = store.size_of(digest);
  if (!size || *size != file.size) {
    return fail(Errc::corrupt,
                "{}: the blob {} has another size than the source says; `quern models check` looks into it", file.name,
                store.path_of(digest));
  }
  // What a kill between the file's last name and the end of its state left behind.
  if (::access(store.part_path(digest).c_str(), F_OK) != 0) ::unlink(store.state_path(digest).c_str());
  tell(Stage::present, &file, file.size);
  return PulledFile{file, digest, store.path_of(digest), true, std::move(*hold)};
}

Result<std::optional<PulledFile>> Puller::Task::find_present(const sources::PullPlan& plan,
                                                             const sources::PlanFile& file) {
  if (file.digest.kind != sources::DigestKind::sha256) return std::optional<PulledFile>();
  QUERN_TRY(const Digest digest, Digest::parse(file.digest.hex));
  QUERN_TRY(std::optional<PulledFile> stored, find_in_store(file, digest));
  if (stored) return stored;
  const std::optional<std::string> copy = find_local_copy(options.folders, plan, file);
  if (!copy) return std::optional<PulledFile>();
  std::uint64_t next = 0;
  const Result<Digest> found = digest_of_file(*copy, [&](std::uint64_t n_bytes) {
    if (n_bytes >= next) {
      tell(Stage::verifying, &file, n_bytes);
      next = n_bytes + kHashStep;
    }
    return !io.stopped();
  });
  if (!found && found.error().code == Errc::cancelled) return found.error();
  if (!found || *found != digest) {
    tell(Stage::waiting, &file, 0, fmt::format("{}: it is not what its name says, so it is not used", *copy));
    return std::optional<PulledFile>();
  }
  tell(Stage::present, &file, file.size, *copy);
  return PulledFile{file, digest, *copy, false, {}};
}

asio::awaitable<Result<std::optional<PulledFile>>> Puller::Task::fetch_or_wait(sources::PlanFile file, Digest key) {
  const std::string state_path = store.state_path(key);
  const std::uint64_t chunk = options.limits.chunk_bytes != 0 ? options.limits.chunk_bytes : usual_chunk(file.size);
  const PartLayout layout{file.size, chunk, identity_of(file)};
  Result<std::optional<PartFile>> part = PartFile::open(store.part_path(key), state_path, layout);
  if (!part) co_return part.error();
  if (!*part) {
    tell(Stage::elsewhere, &file, std::min(whole_bytes_in(state_path), file.size));
    co_await pause();
    co_return std::optional<PulledFile>();
  }
  // It may have become whole between the look and the lock.
  if (file.digest.kind == sources::DigestKind::sha256 && store.has(key)) {
    const Status removed = (*part)->remove();
    if (!removed) co_return removed.error();
    co_return std::optional<PulledFile>();
  }
  Result<std::optional<PulledFile>> fetched = co_await fetch(std::move(file), **part);
  co_return fetched;
}

asio::awaitable<Result<std::optional<PulledFile>>> Puller::Task::fetch(sources::PlanFile file, PartFile& part) {
  const bool was_resumed = part.resumed();
  FileHashes hashes;
  {
    FollowingHash hash(part.fd(), file.size, file.digest.kind == sources::DigestKind::git_sha1);
    const Status fetched = co_await fetch_bytes(file, part, hash);
    if (!fetched) co_return fetched.error();
    Result<FileHashes> found = co_await wait_for_hash(file, hash);
    if (!found) co_return found.error();
    hashes = std::move(*found);
  }
  if (!is_right(file, hashes)) {
    const Status removed = part.remove();
    if (!removed) co_return removed.error();
    if (was_resumed) {
      tell(Stage::waiting, &file, 0,
           wrong_digest(file, hashes) + ": what an earlier pull had left was damaged; once more from the beginning");
      co_return std::optional<PulledFile>();
    }
    co_return fail(
        Errc::corrupt,
        "digest of {}. What arrived is deleted: pull again; if it happens again, its publisher or a proxy on the "
        "way is at fault",
        wrong_digest(file, hashes));
  }
  Result<PulledFile> adopted = adopt(std::move(file), hashes, part);
  if (!adopted) co_return adopted.error();
  co_return std::move(*adopted);
}

asio::awaitable<Status> Puller::Task::fetch_bytes(const sources::PlanFile& file, PartFile& part, FollowingHash& hash) {
  meter_ = RateMeter();
  std::uint64_t arrived = part.chunks().whole_bytes();
  tell_bytes(file, arrived);
  const auto on_bytes = [this, &file, &part, arrived](std::uint64_t n_new) mutable {
    meter_.add(std::chrono::steady_clock::now(), n_new);
    fetched_bytes_ += n_new;
    arrived = std::min(arrived + n_new, file.size);
    tell_bytes(file, std::max(arrived, part.chunks().whole_bytes()));
  };
  const auto download = std::make_shared<FileDownload>(session, file, part, hash, options.limits, on_bytes);
  Result<FileDownload::Outcome> outcome = co_await download->run();
  if (!outcome) co_return outcome.error();
  if (*outcome == FileDownload::Outcome::changed) {
    changed = true;
    const Status removed = part.remove();
    if (!removed) co_return removed.error();
    co_return fail(Errc::corrupt, "{}: it is replaced again and again while it is fetched; pull again later",
                   file.name);
  }
  tell_bytes(file, file.size);
  co_return Status();
}

asio::awaitable<Result<FileHashes>> Puller::Task::wait_for_hash(const sources::PlanFile& file, FollowingHash& hash) {
  hash.advance(file.size);
  for (int looks = 0; !hash.done(); ++looks) {
    if (looks > 0) tell(Stage::verifying, &file, hash.hashed());
    asio::steady_timer timer(session.executor(), looks == 0 ? std::chrono::milliseconds(5) : kLook);
    [[maybe_unused]] auto woken = co_await timer.async_wait(net::kTuple);
  }
  co_return hash.result();
}

Result<PulledFile> Puller::Task::adopt(sources::PlanFile file, const FileHashes& hashes, PartFile& part) {
  QUERN_CHECK(store.adopt(part.path(), hashes.sha256));
  QUERN_TRY(OwnedFd held, part.release());
  tell(Stage::finished, &file, file.size);
  return PulledFile{std::move(file), hashes.sha256, store.path_of(hashes.sha256), true, BlobHold(std::move(held))};
}

}  // namespace quern::registry::pull

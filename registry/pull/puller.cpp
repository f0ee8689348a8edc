#include "registry/pull/puller.hpp"

#include "registry/pull/pull_task.hpp"

#include <exception>
#include <random>
#include <utility>

#include <boost/asio/co_spawn.hpp>

namespace quern::registry::pull {
namespace {

constexpr int kMaxRestarts = 3;  // because a file was replaced while it was fetched

double system_random() {
  thread_local std::mt19937_64 engine{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(engine);
}

}  // namespace

Puller::Puller(PullOptions options, const BlobStore& store, OnEvent on_event)
    : options_(std::move(options)), store_(store), on_event_(std::move(on_event)) {}

Puller::~Puller() = default;

void Puller::cancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  if (io_ != nullptr) io_->stop();
}

template <class T>
Result<T> Puller::drive(boost::asio::awaitable<Result<T>> (*body)(Task& task)) {
  for (int restart = 0;; ++restart) {
    Result<T> out = fail(Errc::cancelled, "{}: the pull was given up; what is here is kept: pull again to go on",
                         options_.ref.display());
    bool changed = false;
    {
      // What the coroutines refer to goes after them, and they go with the loop.
      std::unique_ptr<sources::HubSession> session;
      std::unique_ptr<Task> task;
      boost::asio::io_context io(1);
      sources::HubSession::Hooks hooks{options_.random ? options_.random : &system_random,
                                       [this](const std::string& text) {
                                         PullEvent event{.stage = Stage::waiting};
                                         event.text = text;
                                         on_event_(event);
                                       }};
      session = std::make_unique<sources::HubSession>(io.get_executor(), options_.hub, options_.tls, options_.proxies,
                                                      std::move(hooks));
      task = std::make_unique<Task>(options_, store_, on_event_, *session, io);
      {
        const std::lock_guard lock(mutex_);
        if (cancelled_) return out;
        io_ = &io;
      }
      boost::asio::co_spawn(io, body(*task), [&](const std::exception_ptr& failure, Result<T> result) {
        out = failure
                  ? Result<T>(fail(Errc::io, "{}: the pull ended by a fault of the program", options_.ref.display()))
                  : std::move(result);
        io.stop();
      });
      io.run();
      session->close_idle();
      const std::lock_guard lock(mutex_);
      io_ = nullptr;
      changed = task->changed;
    }
    if (!changed || restart == kMaxRestarts) return out;
  }
}

Result<sources::PullPlan> Puller::plan() {
  return drive<sources::PullPlan>([](Task& task) { return task.plan(); });
}

Result<PullResult> Puller::run() {
  return drive<PullResult>([](Task& task) { return task.pull(); });
}

Result<Digest> part_key(const sources::PlanFile& file) {
  if (file.digest.kind == sources::DigestKind::sha256) return Digest::parse(file.digest.hex);
  if (file.digest.kind == sources::DigestKind::git_sha1) return digest_of(sources::to_text(file.digest));
  return digest_of(file.url);
}

std::uint64_t missing_bytes(const BlobStore& store, const LocalFolders& folders, const sources::PullPlan& plan) {
  std::uint64_t out = 0;
  for (const sources::PlanFile& file : plan.files) {
    const Result<Digest> key = part_key(file);
    if (!key || find_local_copy(folders, plan, file)) continue;
    if (file.digest.kind == sources::DigestKind::sha256 && store.has(*key)) continue;
    out += file.size - std::min(whole_bytes_in(store.state_path(*key)), file.size);
  }
  return out;
}

}  // namespace quern::registry::pull

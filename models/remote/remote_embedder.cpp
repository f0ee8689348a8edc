#include "models/remote/remote_embedder.hpp"

#include "models/remote/remote_dialect.hpp"
#include "models/remote/upstream_errors.hpp"

#include <utility>

namespace quern::models {
namespace {

class RemoteAnswer final : public VectorAnswer {
 public:
  RemoteAnswer(std::shared_ptr<RemoteDesk> desk, sched::RequestId id, quern::net::HttpRequest request, std::size_t n)
      : desk_(std::move(desk)), id_(id), n_(n), exchange_(desk_->http->open(std::move(request))) {
    desk_->set_cancel(id_, exchange_.cancel_hook());
  }
  ~RemoteAnswer() override {
    if (!ended_) end(fail(Errc::cancelled, "the request was cancelled"), UpstreamOutcome::left);
  }

  boost::asio::awaitable<Result<Vectors>> take() override;
  sched::RequestStatus status(TimePoint) const override { return desk_->status(id_); }
  std::function<void()> cancel_hook() override { return exchange_.cancel_hook(); }
  std::optional<std::uint64_t> n_tokens() const override { return n_tokens_; }

 private:
  Error end(Error error, UpstreamOutcome outcome, std::optional<Duration> retry_after = {});

  const std::shared_ptr<RemoteDesk> desk_;
  const sched::RequestId id_;
  const std::size_t n_;
  quern::net::HttpExchange exchange_;
  std::uint64_t n_tokens_ = 0;
  bool ended_ = false;
};

Error RemoteAnswer::end(Error error, UpstreamOutcome outcome, std::optional<Duration> retry_after) {
  const bool left = error.code == Errc::cancelled;
  desk_->settle(id_, left ? UpstreamOutcome::left : outcome, retry_after);
  desk_->leave(id_, left ? sched::FinishReason::cancelled : sched::FinishReason::failed);
  ended_ = true;
  return error;
}

boost::asio::awaitable<Result<Vectors>> RemoteAnswer::take() {
  const Status begun = co_await exchange_.begin();
  if (!begun) co_return end(begun.error(), UpstreamOutcome::failed);
  desk_->note_begun(id_);
  const Result<std::string> body = co_await exchange_.read_all(RemoteEmbedder::kMaxBodyBytes);
  if (!body) co_return end(body.error(), UpstreamOutcome::failed);
  if (exchange_.head().status != 200) {
    Refusal refusal = refusal_of(exchange_.head(), *body, desk_->upstream);
    co_return end(std::move(refusal.error), refusal.outcome, refusal.retry_after);
  }
  Result<RemoteVectors> vectors = remote_dialect(desk_->upstream.kind).read_vectors(*body, n_);
  if (!vectors) {
    const Error& error = vectors.error();
    co_return end(fail(error.code, "{}: {}", desk_->upstream.name(), error.detail), UpstreamOutcome::failed);
  }
  n_tokens_ = vectors->n_tokens;
  desk_->note_usage(id_, n_tokens_, 0, 0);
  desk_->settle(id_, UpstreamOutcome::answered);
  desk_->leave(id_, sched::FinishReason::stop);
  ended_ = true;
  co_return std::move(vectors->vectors);
}

}  // namespace

Result<std::unique_ptr<VectorAnswer>> RemoteEmbedder::submit(EmbedTask task, boost::asio::any_io_executor) {
  QUERN_TRY(quern::net::HttpRequest request,
            remote_dialect(desk_->upstream.kind).embed_request(task.plain, desk_->upstream));
  if (task.head.deadline) request.head = std::min(request.head.value_or(request.silence), *task.head.deadline);
  QUERN_TRY(const sched::RequestId id, desk_->enter(task.head, 0));
  return std::unique_ptr<VectorAnswer>(
      std::make_unique<RemoteAnswer>(desk_, id, std::move(request), task.plain.size()));
}

}  // namespace quern::models

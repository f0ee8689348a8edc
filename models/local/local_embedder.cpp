#include "models/local/local_embedder.hpp"

#include <array>
#include <utility>

namespace quern::models {
namespace {

class LocalVectors final : public VectorAnswer {
 public:
  LocalVectors(sched::Ticket ticket, std::uint32_t width)
      : ticket_(std::make_shared<sched::Ticket>(std::move(ticket))), width_(width) {}
  ~LocalVectors() override { ticket_->cancel(); }

  boost::asio::awaitable<Result<Vectors>> take() override;
  sched::RequestStatus status(TimePoint now) const override { return ticket_->status(now); }
  std::function<void()> cancel_hook() override {
    return [ticket = ticket_] { ticket->cancel(); };
  }

 private:
  Result<Vectors> vectors_of(const sched::TokenEvent& last);

  const std::shared_ptr<sched::Ticket> ticket_;
  const std::uint32_t width_;
};

boost::asio::awaitable<Result<Vectors>> LocalVectors::take() {
  std::array<sched::TokenEvent, 1> last;
  const std::shared_ptr<sched::Ticket> ticket = ticket_;
  const std::size_t n_events = co_await ticket->next(last, Duration::zero());
  if (n_events == 0) last[0] = {.finish = sched::FinishReason::cancelled};
  co_return vectors_of(last[0]);
}

Result<Vectors> LocalVectors::vectors_of(const sched::TokenEvent& last) {
  switch (last.finish) {
    case sched::FinishReason::stop:
      return Vectors{.width = width_, .values = ticket_->take_vectors()};
    case sched::FinishReason::refused:
      return fail(Errc::overloaded, "{}", ticket_->refusal());
    case sched::FinishReason::timed_out:
      return fail(Errc::overloaded, "deadline_ms or max_queue_ms has passed");
    case sched::FinishReason::failed:
      if (last.fault == engine::sampling::RowFault::none) return fail(Errc::io, "{}", sched::failure_text(last));
      return fail(Errc::corrupt, "the model's output is invalid: a vector holds what is no finite number");
    default:
      return fail(Errc::cancelled, "the request was cancelled");
  }
}

}  // namespace

Result<std::unique_ptr<VectorAnswer>> LocalEmbedder::submit(EmbedTask task, boost::asio::any_io_executor executor) {
  sched::EmbedRequest request{.texts = std::move(task.texts),
                              .pooling = pooling_,
                              .label = std::move(task.head.label),
                              .tenant = std::move(task.head.tenant),
                              .tenant_weight = task.head.tenant_weight,
                              .priority = task.head.priority,
                              .max_queue = task.head.max_queue,
                              .deadline = task.head.deadline};
  QUERN_TRY(sched::Ticket ticket, scheduler_.submit(std::move(request), std::move(executor)));
  return std::unique_ptr<VectorAnswer>(std::make_unique<LocalVectors>(std::move(ticket), width()));
}

}  // namespace quern::models

#include "sched/ticket.hpp"

#include "base/assert.hpp"

#include <utility>

namespace quern::sched {

bool cancel_generation(Generation& generation, EngineSignal& signal) noexcept {
  if (generation.finished()) return false;
  generation.cancelled.store(true, std::memory_order_release);
  signal.raise();
  return true;
}

Ticket::Impl::Impl(std::shared_ptr<Generation> generation_in, std::shared_ptr<RequestTable> table_in,
                   std::shared_ptr<EngineSignal> signal_in)
    : generation(std::move(generation_in)), table(std::move(table_in)), signal(std::move(signal_in)) {
  table->add(generation);
}

Ticket::Impl::~Impl() {
  cancel_generation(*generation, *signal);
  generation->stream->detach();
  table->remove(generation->id);
}

Ticket::Ticket(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Ticket::Ticket(Ticket&&) noexcept = default;
Ticket& Ticket::operator=(Ticket&&) noexcept = default;
Ticket::~Ticket() = default;

RequestId Ticket::id() const noexcept {
  QUERN_ASSERT(impl_);
  return impl_->generation->id;
}

boost::asio::awaitable<std::size_t> Ticket::next(std::span<TokenEvent> out, Duration timeout) {
  QUERN_ASSERT(impl_);
  return TokenStream::read(impl_->generation->stream, out, timeout);
}

boost::asio::awaitable<bool> Ticket::begun(Duration timeout) {
  QUERN_ASSERT(impl_);
  return TokenStream::begun(impl_->generation->stream, timeout);
}

RequestStatus Ticket::status(TimePoint now) const {
  QUERN_ASSERT(impl_);
  return impl_->generation->status(now);
}

const std::string& Ticket::refusal() const {
  QUERN_ASSERT(impl_ && impl_->generation->finished());
  return impl_->generation->refusal;
}

std::vector<engine::sampling::TokenScore> Ticket::take_prompt_scores() {
  QUERN_ASSERT(impl_);
  return std::move(impl_->generation->prompt_scores);
}

std::span<const engine::TokenId> Ticket::prompt() const noexcept {
  QUERN_ASSERT(impl_);
  return impl_->generation->request.prompt;
}

std::vector<float> Ticket::take_vectors() {
  QUERN_ASSERT(impl_ && impl_->generation->finished() && impl_->generation->embed);
  return std::move(impl_->generation->embed->values);
}

void Ticket::cancel() noexcept {
  if (impl_) cancel_generation(*impl_->generation, *impl_->signal);
}

void Ticket::stop() noexcept {
  QUERN_ASSERT(impl_);
  impl_->generation->satisfied.store(true, std::memory_order_relaxed);
  cancel_generation(*impl_->generation, *impl_->signal);
}

}  // namespace quern::sched

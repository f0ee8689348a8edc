#include "engine/chat/jinja/heap.hpp"

#include <algorithm>

namespace quern::engine::chat::jinja {
namespace {

constexpr std::uint64_t kStepsBetweenLooks = 65'536;  // some milliseconds
constexpr std::size_t kLeastGrowth = std::size_t{1} << 20;

}  // namespace

Payload::Payload(Heap& heap, std::size_t bytes) : heap_(heap), bytes_(bytes) {
  heap_.step();
  heap_.charge(bytes);
  heap_.link(*this);
}

// Here and not in dispose(), because the constructor of a derived class may fail.
Payload::~Payload() {
  heap_.unlink(*this);
  heap_.uncharge(bytes_);
}

void Payload::release() noexcept {
  if (--n_refs_ == 0) heap_.dispose(*this);
}

void Payload::recharge(std::size_t bytes) {
  if (bytes > bytes_) heap_.charge(bytes - bytes_);
  if (bytes < bytes_) heap_.uncharge(bytes_ - bytes);
  bytes_ = bytes;
}

// Everything is pinned first, so that dropping references deletes nothing; then nothing refers to anything.
Heap::~Heap() {
  for (Payload* p = first_; p != nullptr; p = p->next_) p->retain();
  for (Payload* p = first_; p != nullptr; p = p->next_) p->drop_references();
  while (first_ != nullptr) delete first_;
}

void Heap::link(Payload& payload) noexcept {
  payload.next_ = first_;
  if (first_ != nullptr) first_->previous_ = &payload;
  first_ = &payload;
}

void Heap::unlink(Payload& payload) noexcept {
  (payload.previous_ != nullptr ? payload.previous_->next_ : first_) = payload.next_;
  if (payload.next_ != nullptr) payload.next_->previous_ = payload.previous_;
}

// The destructor of a payload releases what it held, which comes back here: a loop instead of recursion.
void Heap::dispose(Payload& payload) noexcept {
  payload.next_dead_ = dead_;
  dead_ = &payload;
  if (disposing_) return;
  disposing_ = true;
  while (dead_ != nullptr) {
    Payload* const p = dead_;
    dead_ = p->next_dead_;
    delete p;
  }
  disposing_ = false;
}

void Heap::look() {
  if (n_steps_ > limits_.max_steps)
    throw_failure(FailureKind::limit, "the template takes more than {} steps", limits_.max_steps);
  if (limits_.watch->is_over()) throw_failure(FailureKind::limit, "nobody waits for the prompt any more");
  steps_until_look_ = std::min(limits_.max_steps, n_steps_ + kStepsBetweenLooks);
}

// More is asked for than is needed, so that it is seldom asked for.
void Heap::ask_for(std::size_t bytes) {
  if (bytes > limits_.max_bytes - live_bytes_)
    throw_failure(FailureKind::limit, "the template needs more than {} bytes of memory", limits_.max_bytes);
  const std::size_t needed = live_bytes_ + bytes;
  const std::size_t wanted = std::min(limits_.max_bytes, needed + std::max(needed / 2, kLeastGrowth));
  if (!limits_.watch->may_hold(wanted)) throw_failure(FailureKind::limit, "there is no memory left for the prompt");
  allowed_bytes_ = wanted;
}

}  // namespace quern::engine::chat::jinja

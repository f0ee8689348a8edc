#include "models/remote/circuit_breaker.hpp"

#include <algorithm>

namespace quern::models {

bool CircuitBreaker::allow(TimePoint now) noexcept {
  if (!open_until_) return true;
  if (now < *open_until_ || trying_) return false;
  trying_ = true;
  return true;
}

void CircuitBreaker::succeeded() noexcept {
  n_failures_ = 0;
  open_until_.reset();
  trying_ = false;
  rest_ = rules_.first_rest;
}

void CircuitBreaker::open(TimePoint now) noexcept {
  open_until_ = now + rest_;
  rest_ = std::min(2 * rest_, rules_.longest_rest);
}

void CircuitBreaker::failed(TimePoint now) noexcept {
  if (trying_) {
    trying_ = false;
    return open(now);
  }
  // Those that were under way when it opened say nothing new.
  if (!open_until_ && ++n_failures_ >= rules_.max_failures) open(now);
}

void CircuitBreaker::gave_up() noexcept {
  trying_ = false;
}

CircuitBreaker::State CircuitBreaker::state(TimePoint now) const noexcept {
  if (!open_until_) return State::closed;
  return trying_ || now >= *open_until_ ? State::trying : State::open;
}

Duration CircuitBreaker::rest(TimePoint now) const noexcept {
  return open_until_ ? std::max(*open_until_ - now, Duration::zero()) : Duration::zero();
}

}  // namespace quern::models

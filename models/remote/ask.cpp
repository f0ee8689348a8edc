#include "models/remote/ask.hpp"

#include "models/task.hpp"

namespace quern::models {

std::uint32_t n_choices_of(const RemoteAsk& ask) noexcept {
  return ask.n_choices();
}

std::uint64_t n_bytes_of(const RemoteAsk& ask) noexcept {
  return ask.n_bytes;
}

}  // namespace quern::models

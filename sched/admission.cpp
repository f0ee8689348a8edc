#include "sched/admission.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <utility>

namespace quern::sched {

Result<std::uint32_t> check_request(const GenerateRequest& request, const RequestBounds& bounds) {
  if (request.prompt.empty()) return fail_field("prompt", "no tokens");
  if (request.max_tokens == 0) return fail_field("max_tokens", "must be at least 1, found 0");
  const std::uint64_t n_prompt = request.prompt.size();
  const std::uint64_t n_total = n_prompt + request.max_tokens;
  if (n_total > bounds.max_context) {
    return fail_field("max_tokens", "{} prompt tokens and {} to generate are {}, the context holds {}", n_prompt,
                      request.max_tokens, n_total, bounds.max_context);
  }
  const std::uint32_t n_pages = kv::pages_for(n_total, bounds.page_tokens);
  if (n_pages > bounds.n_pages) {
    return fail_field("max_tokens", "{} prompt tokens and {} to generate need {} KV pages of {} tokens, there are {}",
                      n_prompt, request.max_tokens, n_pages, bounds.page_tokens, bounds.n_pages);
  }
  const auto outside = std::find_if(request.prompt.begin(), request.prompt.end(), [&](engine::TokenId token) {
    return token < 0 || static_cast<std::uint32_t>(token) >= bounds.n_vocab;
  });
  if (outside != request.prompt.end()) {
    return fail_field("prompt", "token {} at position {} is outside the vocabulary of {}", *outside,
                      outside - request.prompt.begin(), bounds.n_vocab);
  }
  QUERN_CHECK(engine::sampling::validate(request.sampling, bounds.n_vocab));
  return n_pages;
}

void Admission::enqueue(std::shared_ptr<Generation> generation) noexcept {
  QUERN_ASSERT(!line_.full());
  line_.push_back(std::move(generation));
}

std::shared_ptr<Generation> Admission::admit(std::uint32_t n_running) noexcept {
  if (line_.empty() || n_running >= max_running_ || !pool_.reserve(line_.front()->n_pages_needed)) return nullptr;
  return take_any();
}

std::shared_ptr<Generation> Admission::take_cancelled() noexcept {
  const auto it = std::find_if(line_.begin(), line_.end(), [](const std::shared_ptr<Generation>& generation) {
    return generation->cancelled.load(std::memory_order_acquire);
  });
  if (it == line_.end()) return nullptr;
  std::shared_ptr<Generation> out = std::move(*it);
  line_.erase(it);
  return out;
}

std::shared_ptr<Generation> Admission::take_any() noexcept {
  if (line_.empty()) return nullptr;
  std::shared_ptr<Generation> out = std::move(line_.front());
  line_.pop_front();
  return out;
}

}  // namespace quern::sched

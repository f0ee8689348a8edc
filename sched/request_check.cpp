#include "sched/request_check.hpp"

#include <algorithm>

namespace quern::sched {

Status check_request(const GenerateRequest& request, const RequestBounds& bounds) {
  if (request.prompt.empty()) return fail_field("prompt", "no tokens");
  const std::uint64_t n_prompt = request.prompt.size();
  const std::uint64_t n_total = n_prompt + request.max_tokens;
  if (n_total > bounds.max_context) {
    return fail_field("max_tokens", "{} prompt tokens and {} to generate are {}, the context holds {}", n_prompt,
                      request.max_tokens, n_total, bounds.max_context);
  }
  const std::uint32_t n_pages = pages_needed(request, bounds);
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
  return engine::sampling::validate(request.sampling, bounds.n_vocab);
}

}  // namespace quern::sched

// What is wrong with a request, before anything is done for it. Threads: any; a pure function.
#pragma once

#include "base/result.hpp"
#include "kv/kv_config.hpp"
#include "sched/request.hpp"

#include <cstdint>

namespace quern::sched {

struct RequestBounds {
  std::uint32_t n_vocab = 0;
  std::uint32_t max_context = 0;  // positions of one sequence
  std::uint32_t page_tokens = 0;
  std::uint32_t n_pages = 0;
};

// The pages that the request needs until its end.
constexpr std::uint32_t pages_needed(const GenerateRequest& request, const RequestBounds& bounds) noexcept {
  return kv::pages_for(request.prompt.size() + std::uint64_t{request.max_tokens}, bounds.page_tokens);
}

// Errors: bad_input, naming the field and the numbers: empty prompt, no
// tokens to generate, a token outside the vocabulary, longer than the context or than all pages together, bad sampling.
Status check_request(const GenerateRequest& request, const RequestBounds& bounds);

}  // namespace quern::sched

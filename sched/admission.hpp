// Who may run: by reserved KV pages. A request is admitted only when pages for its prompt and all of max_tokens can be
// promised at once, so that no sequence ever runs out of memory half-way, and nothing is ever preempted.
// Strictly first come, first served: while the head of the line waits for pages, nobody behind it is admitted, however
// small. That costs some utilization and makes starvation impossible, because running sequences end in bounded time.
// Threads: check_request() any; Admission the engine thread. Limits: capacity waiting, max_running running.
#pragma once

#include "base/result.hpp"
#include "kv/page_pool.hpp"
#include "sched/generation.hpp"

#include <cstdint>
#include <memory>

#include <boost/circular_buffer.hpp>

namespace quern::sched {

struct RequestBounds {
  std::uint32_t n_vocab = 0;
  std::uint32_t max_context = 0;  // positions of one sequence
  std::uint32_t page_tokens = 0;
  std::uint32_t n_pages = 0;
};

// The pages that the request needs until its end. Errors: bad_input, naming the field and the numbers: empty prompt, no
// tokens to generate, a token outside the vocabulary, longer than the context or than all pages together, bad sampling.
Result<std::uint32_t> check_request(const GenerateRequest& request, const RequestBounds& bounds);

class Admission {
 public:
  Admission(kv::PagePool& pool, std::uint32_t capacity, std::uint32_t max_running)
      : pool_(pool), max_running_(max_running), line_(capacity) {}

  void enqueue(std::shared_ptr<Generation> generation) noexcept;  // REQUIRES: fewer than capacity wait
  // The head of the line, its pages reserved; empty: nobody waits, or the head has to go on waiting.
  std::shared_ptr<Generation> admit(std::uint32_t n_running) noexcept;
  // Takes the first cancelled request out of the line; empty: none.
  std::shared_ptr<Generation> take_cancelled() noexcept;
  std::shared_ptr<Generation> take_any() noexcept;  // for shutdown

 private:
  kv::PagePool& pool_;
  const std::uint32_t max_running_;
  boost::circular_buffer<std::shared_ptr<Generation>> line_;  // allocated once
};

}  // namespace quern::sched

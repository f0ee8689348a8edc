#include "app/kv_sizing.hpp"

#include "base/checked.hpp"
#include "kv/kv_config.hpp"

#include <algorithm>

namespace quern::app {
namespace {

constexpr std::uint64_t pages_share(std::uint64_t bytes_left) {
  return bytes_left / 4 * 3;
}

// UINT64_MAX stands for "more than any budget".
std::uint64_t product(std::uint64_t a, std::uint64_t b) {
  return checked_mul(a, b).value_or(UINT64_MAX);
}
std::uint64_t sum(std::uint64_t a, std::uint64_t b) {
  return checked_add(a, b).value_or(UINT64_MAX);
}

std::uint32_t open_context(const KvRequest& request) {
  return request.n_context_train == 0 ? kDefaultContext : std::min(request.n_context_train, kDefaultContext);
}

// How many sequences of these states run, the rest being copies: they grow in turn, until one has all it wants.
std::uint32_t split_states(const KvRequest& request, std::uint32_t n_states) {
  const std::uint32_t half = request.states_kept == 0 ? n_states : (n_states + 1) / 2;
  return std::min(request.parallel, half);
}

// `most_bytes`: what the states may take. The first one is the caller's concern.
void add_states(const KvRequest& request, std::uint64_t most_bytes, KvPlan& plan) {
  plan.parallel = request.parallel;
  if (request.state_bytes == 0) return;
  const std::uint64_t wanted = product(request.parallel, 1 + std::uint64_t{request.states_kept});
  const std::uint64_t affordable = std::max<std::uint64_t>(1, most_bytes / request.state_bytes);
  plan.n_states = static_cast<std::uint32_t>(std::min({wanted, affordable, std::uint64_t{kv::kNoPage} - 1}));
  plan.parallel = split_states(request, plan.n_states);
  const std::uint64_t of_use = product(plan.parallel, 1 + std::uint64_t{request.states_kept});
  plan.n_states = static_cast<std::uint32_t>(std::min<std::uint64_t>(plan.n_states, of_use));
}

Error too_small(const KvRequest& request, std::uint32_t ctx, std::uint64_t pages_bytes) {
  const std::string state = request.state_bytes == 0 ? "" : fmt::format(" and {} of state", request.state_bytes);
  return fail(
      Errc::overloaded,
      "memory budget: one sequence of {} tokens needs {} bytes of KV pages{}, {} are left for them; raise --memory "
      "or lower --ctx",
      ctx, pages_bytes, state, pages_share(request.bytes_left));
}

Result<KvPlan> plan_given_pages(const KvRequest& request) {
  const std::uint64_t n_tokens = std::uint64_t{request.kv_pages} * request.page_tokens;
  if (request.ctx > n_tokens) {
    return fail_field("--kv-pages", "want at least {} for --ctx {}, found {}",
                      kv::pages_for(request.ctx, request.page_tokens), request.ctx, request.kv_pages);
  }
  const std::uint32_t ctx = request.ctx != 0 ? request.ctx : open_context(request);
  KvPlan plan{.ctx = static_cast<std::uint32_t>(std::min<std::uint64_t>(ctx, n_tokens)), .n_pages = request.kv_pages};
  const std::uint64_t pages_bytes = product(request.kv_pages, request.page_bytes);
  if (sum(pages_bytes, request.state_bytes) > request.bytes_left) {
    return fail_field("--kv-pages",
                      "want at most {} bytes for them, the rest of the memory budget, found {} pages of {} bytes{}",
                      request.bytes_left - std::min(request.bytes_left, request.state_bytes), request.kv_pages,
                      request.page_bytes, request.state_bytes == 0 ? "" : " besides the state of one sequence");
  }
  add_states(request, pages_share(request.bytes_left - pages_bytes), plan);
  return plan;
}

}  // namespace

Result<KvPlan> plan_kv(const KvRequest& request) {
  if (request.n_context_train != 0 && request.ctx > request.n_context_train) {
    return fail_field("--ctx", "want at most {}, the context this model was trained for, found {}",
                      request.n_context_train, request.ctx);
  }
  if (request.kv_pages != 0) return plan_given_pages(request);

  const std::uint32_t ctx = request.ctx != 0 ? request.ctx : open_context(request);
  const std::uint64_t page_bytes = std::max<std::uint64_t>(request.page_bytes, 1);
  const std::uint64_t pages_of_one = kv::pages_for(ctx, request.page_tokens);
  const std::uint64_t share = pages_share(request.bytes_left);
  if (request.state_bytes > share) return too_small(request, ctx, product(pages_of_one, page_bytes));
  const std::uint64_t wanted = product(pages_of_one, request.parallel);
  // One sequence of the whole context has its pages before others have states.
  const std::uint64_t all_pages = product(wanted, page_bytes), one = product(pages_of_one, page_bytes);
  const std::uint64_t beside_one = share - std::min(share, one);
  const std::uint64_t for_states = std::max(std::min(share / 2, beside_one), share - std::min(share, all_pages));
  KvPlan plan{.ctx = ctx};
  add_states(request, for_states, plan);

  const std::uint64_t affordable = (share - product(plan.n_states, request.state_bytes)) / page_bytes;
  const std::uint64_t n_pages = std::min({wanted, affordable, std::uint64_t{kv::kNoPage} / request.page_tokens});
  plan.n_pages = static_cast<std::uint32_t>(n_pages);
  if (n_pages >= pages_of_one) return plan;

  const std::uint64_t n_tokens = n_pages * request.page_tokens;
  if (request.ctx != 0 || n_tokens < std::min(ctx, kSmallestContext)) return too_small(request, ctx, one);
  plan.ctx = static_cast<std::uint32_t>(n_tokens);
  return plan;
}

}  // namespace quern::app

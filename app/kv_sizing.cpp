#include "app/kv_sizing.hpp"

#include "kv/kv_config.hpp"

#include <algorithm>

namespace quern::app {
namespace {

// Activation buffers and connections come out of the same budget after the pages.
constexpr std::uint64_t pages_share(std::uint64_t bytes_left) {
  return bytes_left / 4 * 3;
}

std::uint32_t open_context(const KvRequest& request) {
  return request.n_context_train == 0 ? kDefaultContext : std::min(request.n_context_train, kDefaultContext);
}

Result<KvPlan> plan_given_pages(const KvRequest& request) {
  const std::uint64_t n_tokens = std::uint64_t{request.kv_pages} * request.page_tokens;
  if (request.ctx > n_tokens) {
    return fail_field("--kv-pages", "want at least {} for --ctx {}, found {}",
                      kv::pages_for(request.ctx, request.page_tokens), request.ctx, request.kv_pages);
  }
  const std::uint32_t ctx = request.ctx != 0 ? request.ctx : open_context(request);
  return KvPlan{static_cast<std::uint32_t>(std::min<std::uint64_t>(ctx, n_tokens)), request.kv_pages};
}

}  // namespace

Result<KvPlan> plan_kv(const KvRequest& request) {
  if (request.n_context_train != 0 && request.ctx > request.n_context_train) {
    return fail_field("--ctx", "want at most {}, the context this model was trained for, found {}",
                      request.n_context_train, request.ctx);
  }
  if (request.kv_pages != 0) return plan_given_pages(request);

  const std::uint32_t ctx = request.ctx != 0 ? request.ctx : open_context(request);
  const std::uint64_t pages_of_one = kv::pages_for(ctx, request.page_tokens);
  const std::uint64_t affordable = pages_share(request.bytes_left) / std::max<std::uint64_t>(request.page_bytes, 1);
  const std::uint64_t wanted = pages_of_one * request.parallel;
  const std::uint64_t n_pages = std::min({wanted, affordable, std::uint64_t{kv::kNoPage} / request.page_tokens});
  if (n_pages >= pages_of_one) return KvPlan{ctx, static_cast<std::uint32_t>(n_pages)};

  const std::uint64_t n_tokens = n_pages * request.page_tokens;
  if (request.ctx == 0 && n_tokens >= std::min(ctx, kSmallestContext)) {
    return KvPlan{static_cast<std::uint32_t>(n_tokens), static_cast<std::uint32_t>(n_pages)};
  }
  return fail(
      Errc::overloaded,
      "memory budget: one sequence of {} tokens needs {} bytes of KV pages, {} are left for them; raise --memory "
      "or lower --ctx",
      ctx, pages_of_one * request.page_bytes, pages_share(request.bytes_left));
}

}  // namespace quern::app

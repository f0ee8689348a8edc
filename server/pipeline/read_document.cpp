#include "server/pipeline/read_document.hpp"

#include "server/pipeline/effort.hpp"
#include "server/pipeline/json_cost.hpp"
#include "server/pipeline/run_job.hpp"

#include <utility>

namespace quern::server {
namespace {

using Shared = std::shared_ptr<const Document>;

Result<Shared> parse(std::string_view body, std::size_t max_depth) {
  QUERN_TRY(Document document, parse_document(body, max_depth));
  return Shared(std::make_shared<Document>(std::move(document)));
}

// On a helper thread: the body goes as soon as it is not needed any more.
Result<Shared> parse_large(std::string& body, RequestMemory& memory, std::size_t max_depth,
                           const std::atomic<bool>& ending) {
  if (ending.load(std::memory_order_relaxed)) return fail(Errc::cancelled, "the request was cancelled");
  QUERN_CHECK(memory.hold_work(json_cost(body)));
  Result<Shared> out = parse(body, max_depth);
  std::string().swap(body);
  memory.drop_body();
  if (!out) QUERN_CHECK(memory.hold_work(0));
  return out;
}

}  // namespace

net::awaitable<Result<Shared>> read_document(Exchange& exchange, ServerState& state) {
  const std::size_t max_depth = state.options.limits.max_json_depth;
  const auto body = std::make_shared<std::string>(exchange.take_body());
  if (body->size() <= Effort::kSmallBytes) {
    Result<Shared> out = parse(*body, max_depth);
    exchange.memory()->drop_body();
    co_return out;
  }
  const std::uint64_t cost = body->size();
  JobOf<Shared>::Work work = [memory = exchange.memory(), body, max_depth](const std::atomic<bool>& ending) {
    return parse_large(*body, *memory, max_depth, ending);
  };
  Result<Shared> out = co_await run_job<Shared>(exchange, state, std::move(work), cost, false);
  co_return out;
}

}  // namespace quern::server

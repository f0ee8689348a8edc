#include "registry/sources/plan.hpp"

namespace quern::registry::sources {

asio::awaitable<Result<PullPlan>> plan_pull(HubSession& session, ModelRef ref) {
  Result<PullPlan> plan =
      fail(Errc::bad_input, "{}: it is a file of this machine; there is nothing to download", quoted(ref.display()));
  switch (ref.kind) {
    case RefKind::hugging_face:
      plan = co_await plan_hugging_face(session, std::move(ref));
      break;
    case RefKind::ollama:
      plan = co_await plan_ollama(session, std::move(ref));
      break;
    case RefKind::oci:
      plan = co_await plan_oci(session, std::move(ref));
      break;
    case RefKind::url:
      plan = co_await plan_https(session, std::move(ref));
      break;
    case RefKind::path:
      break;
  }
  if (!plan) co_return plan.error();
  const Status checked = check_plan(*plan);
  if (!checked) co_return checked.error();
  co_return plan;
}

}  // namespace quern::registry::sources

#include "server/pipeline/request_memory.hpp"

namespace quern::server {
namespace {

Status told(Status status) {
  if (status) return status;
  return fail(Errc::overloaded, "too many large requests at once");
}

}  // namespace

// Nothing is reserved yet, and nothing can always be had.
RequestMemory::RequestMemory(ServerState& state)
    : state_(state),
      body_(state.services.ledger.reserve(MemoryUse::requests, 0).value()),
      work_(state.services.ledger.reserve(MemoryUse::requests, 0).value()),
      kept_(state.services.ledger.reserve(MemoryUse::requests, 0).value()),
      answer_(state.services.ledger.reserve(MemoryUse::requests, 0).value()) {}

Status RequestMemory::hold_body(std::uint64_t n_bytes) {
  const std::uint64_t held = body_.bytes();
  if (n_bytes <= held) return {};
  if (!state_.take_body_bytes(n_bytes - held)) return told(fail(Errc::overloaded, "bodies"));
  Status status = body_.grow_to(n_bytes);
  if (!status) state_.return_body_bytes(n_bytes - held);
  return told(std::move(status));
}

void RequestMemory::drop_body() noexcept {
  state_.return_body_bytes(body_.bytes());
  body_.force(0);
}

Status RequestMemory::hold_work(std::uint64_t n_bytes) {
  return told(work_.resize(n_bytes));
}

Status RequestMemory::keep(std::uint64_t n_bytes) {
  return told(kept_.resize(n_bytes));
}

}  // namespace quern::server

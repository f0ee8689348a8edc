#include "models/remote/remote_generator.hpp"

#include "models/remote/ask.hpp"
#include "models/remote/remote_dialect.hpp"
#include "models/remote/remote_stream.hpp"

#include <utility>

namespace quern::models {

Submitted RemoteGenerator::submit(GenerateTask task, boost::asio::any_io_executor executor) {
  const RemoteDialect& dialect = remote_dialect(desk_->upstream.kind);
  if (task.prompt_logprobs.wanted) return {nullptr, not_supported("prompt_logprobs", desk_->upstream.kind)};
  if (task.ignore_eos) return {nullptr, not_supported("ignore_eos", desk_->upstream.kind)};
  Result<quern::net::HttpRequest> request = dialect.request(*task.ask, desk_->upstream);
  if (!request) return {nullptr, request.error()};
  if (task.head.deadline) request->head = std::min(request->head.value_or(request->silence), *task.head.deadline);
  const Result<sched::RequestId> id = desk_->enter(task.head, task.ask->max_tokens.value_or(0));
  if (!id) return {nullptr, id.error()};
  return {std::make_unique<RemoteStream>(desk_, *id, std::move(*request), task, std::move(executor)), {}};
}

}  // namespace quern::models

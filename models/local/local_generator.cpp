#include "models/local/local_generator.hpp"

#include "models/local/local_stream.hpp"

#include <utility>

namespace quern::models {
namespace {

sched::GenerateRequest request_of(const GenerateTask& task, std::size_t prompt, std::uint32_t choice) {
  sched::GenerateRequest request;
  request.prompt = task.prompts[prompt];
  request.max_tokens = task.max_tokens[prompt];
  request.sampling = task.sampling;
  request.sampling.seed += choice;  // n answers with one seed must differ
  request.ignore_eos = task.ignore_eos;
  request.stop_tokens = task.stop_tokens;
  request.logprobs = task.logprobs;
  request.constraint = task.constraint;
  request.prompt_logprobs = task.prompt_logprobs;
  request.tenant = task.head.tenant;
  request.tenant_weight = task.head.tenant_weight;
  request.cache_salt = task.head.cache_salt;
  request.use_cache = task.head.use_cache;
  request.priority = task.head.priority;
  request.deadline = task.head.deadline;
  request.max_queue = task.head.max_queue;
  request.max_itl = task.head.max_itl;
  request.max_decode = task.max_decode;
  request.label = task.head.label;
  return request;
}

}  // namespace

Submitted LocalGenerator::submit(GenerateTask task, boost::asio::any_io_executor executor) {
  std::vector<sched::Ticket> tickets;
  Status status;
  for (std::size_t i = 0; i < task.n_choices() && status; ++i) {
    const auto choice = static_cast<std::uint32_t>(i % task.n);
    Result<sched::Ticket> ticket = scheduler_.submit(request_of(task, i / task.n, choice), executor);
    if (ticket) {
      tickets.push_back(std::move(*ticket));
    } else {
      status = ticket.error();
    }
  }
  if (tickets.empty()) return {nullptr, std::move(status)};
  StreamPlan plan{.stops = std::move(task.stops),
                  .n_named_stops = task.n_named_stops,
                  .format = std::move(task.format),
                  .shown_tokens = std::move(task.shown_tokens),
                  .logprobs = task.logprobs.wanted || task.tokens,
                  .prompt_logprobs = task.prompt_logprobs.wanted,
                  .n_prompt_tokens = task.n_prompt_tokens(),
                  .n_per_prompt = task.n};
  return {std::make_unique<LocalStream>(std::move(tickets), std::move(executor), tokenizer_, std::move(plan)),
          std::move(status)};
}

}  // namespace quern::models

#include "server/api/admission.hpp"

#include "server/pipeline/prepare.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace quern::server {
namespace {

// What takes longer to submit than a millisecond or two is submitted by a helper thread: prompts are copied for each
// choice, and its sampler reads them.
constexpr std::uint64_t kSubmitTokens = 64u << 10;
// What a prompt token takes of memory for each choice: request, sequence, sampler. And a generated one, besides its
// text.
constexpr std::uint64_t kPromptTokenBytes = 16, kAnswerTokenBytes = 8;

constexpr std::chrono::milliseconds kLookAgain{100};

sched::GenerateRequest request_of(const Submission& what, std::size_t prompt, std::uint32_t choice) {
  const GenerationFields& fields = what.prepared.fields;
  sched::GenerateRequest request;
  request.prompt = what.prepared.prompts[prompt];
  request.max_tokens = what.max_tokens[prompt];
  request.sampling = fields.sampling;
  request.sampling.seed += choice;  // n answers with one seed must differ
  request.ignore_eos = fields.ignore_eos;
  request.stop_tokens = what.prepared.stop_tokens;
  request.want_logprobs = fields.logprobs;
  request.tenant = what.tenant;
  request.cache_salt = fields.cache_salt;
  if (what.private_cache) request.cache_salt += '\0' + what.tenant;
  request.use_cache = fields.use_cache;
  request.priority = fields.priority;
  request.deadline = fields.deadline;
  request.max_queue = fields.max_queue;
  request.max_itl = fields.max_itl;
  request.label = what.label;
  return request;
}

// The tickets of a submission that was refused half-way are given back with the error: they go where they are used, on
// the connection's strand.
struct Submitted {
  std::vector<sched::Ticket> tickets;
  Status status;
};

// One ticket per choice: prompt after prompt, n of each.
Submitted submit_all(const Submission& what, sched::Scheduler& scheduler, const net::any_io_executor& executor) {
  Submitted out;
  for (std::size_t prompt = 0; prompt < what.prepared.prompts.size(); ++prompt) {
    for (std::uint32_t choice = 0; choice < what.prepared.fields.n; ++choice) {
      Result<sched::Ticket> ticket = scheduler.submit(request_of(what, prompt, choice), executor);
      if (!ticket) {
        out.status = ticket.error();
        return out;
      }
      out.tickets.push_back(std::move(*ticket));
    }
  }
  return out;
}

// A request that replaces others may have the places that these have in the queue, once they have ended.
net::awaitable<void> wait_for_place(Exchange& exchange, ServerState& state, SupersedeTable::Entry& standing,
                                    std::uint32_t n_places) {
  sched::Scheduler& scheduler = state.services.scheduler;
  const auto timer = std::make_shared<net::steady_timer>(exchange.executor());
  const auto hook = exchange.on_disconnect([timer] { timer->cancel(); });
  standing.when_older_left([timer] { net::post(timer->get_executor(), [timer] { timer->cancel(); }); });
  const auto ends = [&scheduler](sched::RequestId id) {
    const std::optional<sched::RequestStatus> status = scheduler.request(id);
    return status && status->state != sched::RequestState::finished;
  };
  const TimePoint deadline = std::chrono::steady_clock::now() + state.options.limits.stream_head_after;
  while (!scheduler.has_room(n_places) && std::ranges::any_of(standing.older(), ends) && !standing.superseded() &&
         !exchange.gone() && std::chrono::steady_clock::now() < deadline) {
    timer->expires_after(kLookAgain);
    [[maybe_unused]] auto woken = co_await timer->async_wait(kTuple);
  }
}

}  // namespace

std::uint32_t Submission::n_choices() const noexcept {
  return static_cast<std::uint32_t>(prepared.prompts.size()) * prepared.fields.n;
}

std::uint64_t Submission::n_prompt_tokens() const noexcept {
  std::uint64_t n = 0;
  for (const auto& prompt : prepared.prompts) n += prompt.size();
  return n;
}

std::uint64_t Submission::bytes() const noexcept {
  std::uint64_t n = n_prompt_tokens() * kPromptTokenBytes;
  for (const std::uint32_t tokens : max_tokens) n += tokens * kAnswerTokenBytes;
  return n * prepared.fields.n;
}

net::awaitable<Result<std::vector<sched::Ticket>>> admit(Exchange& exchange, ServerState& state,
                                                         std::shared_ptr<Submission> what,
                                                         SupersedeTable::Entry& standing) {
  const Status kept = exchange.memory()->keep(what->bytes());
  if (!kept) co_return kept.error();
  if (!standing.older().empty()) co_await wait_for_place(exchange, state, standing, what->n_choices());
  if (standing.superseded()) co_return fail(Errc::cancelled, "the request was cancelled");
  Result<Submitted> submitted = Submitted{};
  if (what->n_prompt_tokens() * what->prepared.fields.n <= kSubmitTokens) {
    submitted = submit_all(*what, state.services.scheduler, exchange.executor());
  } else {
    const std::uint64_t cost = what->bytes();
    JobOf<Submitted>::Work work = [&state, what, executor = exchange.executor()](const std::atomic<bool>&) {
      return Result<Submitted>(submit_all(*what, state.services.scheduler, executor));
    };
    Result<Submitted> made = co_await run_job<Submitted>(exchange, state, std::move(work), cost, true);
    submitted = std::move(made);
  }
  if (!submitted) co_return submitted.error();
  if (!submitted->status) co_return submitted->status.error();
  what->prepared.prompts.clear();  // the tickets have them
  std::vector<sched::RequestId> ids;
  for (const sched::Ticket& ticket : submitted->tickets) ids.push_back(ticket.id());
  standing.stand_for(std::move(ids), state.services.scheduler);
  co_return std::move(submitted->tickets);
}

}  // namespace quern::server

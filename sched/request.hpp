// One generation as the scheduler sees it: tokens in, tokens out. Text, templates and stop strings stay in server/.
#pragma once

#include "base/clock.hpp"
#include "engine/grammar/constraint.hpp"
#include "engine/sampling/params.hpp"
#include "engine/sampling/row_check.hpp"
#include "engine/sampling/top_tokens.hpp"
#include "engine/tokenizer/tokenizer.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace quern::sched {

using RequestId = std::uint64_t;

struct GenerateRequest {
  std::vector<engine::TokenId> prompt;  // at least one token
  // Generated tokens at most; prompt + max_tokens must fit into the context. 0: the prompt is computed, and that is
  // all.
  std::uint32_t max_tokens = 0;
  engine::sampling::SamplingParams sampling;
  bool ignore_eos = false;                   // keep going past end-of-generation tokens
  std::vector<engine::TokenId> stop_tokens;  // further ends of generation, those of the chat template
  engine::sampling::LogprobWish logprobs;
  engine::grammar::ConstraintPlan constraint;  // what the answer is held to
  // wanted: each token of the prompt is scored, see Ticket::take_prompt_scores(); all of it is computed then, whatever
  // the prefix cache has.
  engine::sampling::LogprobWish prompt_logprobs;
  std::string label;  // endpoint and client, for /control/requests; never the prompt

  std::string tenant;        // who shares the machine fairly with others: an API key, a user of the Unix socket
  double tenant_weight = 0;  // counts from when the tenant has no other request here; 0: by the scheduler's limits
  std::string cache_salt;    // prompts share cached pages only with others of the same salt
  bool use_cache = true;
  std::int32_t priority = 0;           // higher goes first
  std::optional<Duration> max_queue;   // since submission: not started by then, it ends as timed_out
  std::optional<Duration> deadline;    // since submission: not finished by then, it ends as timed_out
  std::optional<Duration> max_decode;  // since its first token: the next one after that is its last
  std::optional<Duration> max_itl;     // what a gap between its tokens may take while others' prompts are computed
};

// timed_out: max_queue or deadline has passed. refused: it waited, and will get no place; Generation::refusal says why.
enum class FinishReason : std::uint8_t { none, stop, length, cancelled, failed, timed_out, refused };
const char* finish_reason_name(FinishReason reason) noexcept;

// What the engine thread sends to the request's owner. The last event of a request has finish != none; an
// end-of-generation token is not sent as text: its event has token == kNoToken. `top` costs an allocation and is there
// only where the request asks for it.
struct TokenEvent {
  engine::TokenId token = engine::kNoToken;
  float logprob = 0;
  FinishReason finish = FinishReason::none;
  engine::sampling::RowFault fault = engine::sampling::RowFault::none;  // of a failed one: what was wrong with its row
  std::shared_ptr<const engine::sampling::TopTokens> top = {};
};

// Of one that has failed: what to tell its client.
std::string failure_text(const TokenEvent& last);

// preempted: it gave its pages to a more urgent one and waits to go on.
enum class RequestState : std::uint8_t { queued, prefill, decode, parked, preempted, finished };
const char* request_state_name(RequestState state) noexcept;

// Where the time since submission went, in seconds; the parts add up to it.
struct RequestTimes {
  double queued = 0, prefill = 0, decode = 0, parked = 0, preempted = 0;
};

// For /control/requests.
struct RequestStatus {
  RequestId id = 0;
  RequestState state = RequestState::queued;
  FinishReason finish = FinishReason::none;  // of one that has ended
  std::string label;
  std::uint32_t n_prompt = 0, n_prefilled = 0, n_generated = 0, max_tokens = 0, n_pages = 0;
  std::uint32_t n_cached = 0;  // prompt tokens whose keys and values were found
  std::uint32_t n_preemptions = 0;
  std::string tenant;
  std::int32_t priority = 0;
  bool cancelled = false;  // it ends with the step that runs
  double age_s = 0;        // since submission; of a finished one until its end
  RequestTimes times;
};

}  // namespace quern::sched

// One generation as the scheduler sees it: tokens in, tokens out. Text, templates and stop strings stay in server/.
#pragma once

#include "engine/sampling/params.hpp"
#include "engine/tokenizer/tokenizer.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace quern::sched {

using RequestId = std::uint64_t;

struct GenerateRequest {
  std::vector<engine::TokenId> prompt;  // at least one token
  std::uint32_t max_tokens = 0;         // generated tokens at most; prompt + max_tokens must fit into the context
  engine::sampling::SamplingParams sampling;
  bool ignore_eos = false;                   // keep going past end-of-generation tokens
  std::vector<engine::TokenId> stop_tokens;  // further ends of generation, those of the chat template
  bool want_logprobs = false;
  std::string label;  // endpoint and client, for /control/requests; never the prompt
};

enum class FinishReason : std::uint8_t { none, stop, length, cancelled, failed };
const char* finish_reason_name(FinishReason reason) noexcept;

// What the engine thread sends to the request's owner. The last event of a request has finish != none; an
// end-of-generation token is not sent as text: its event has token == kNoToken.
struct TokenEvent {
  engine::TokenId token = engine::kNoToken;
  float logprob = 0;
  FinishReason finish = FinishReason::none;
};

enum class RequestState : std::uint8_t { queued, prefill, decode, parked, finished };
const char* request_state_name(RequestState state) noexcept;

// For /control/requests.
struct RequestStatus {
  RequestId id = 0;
  RequestState state = RequestState::queued;
  std::string label;
  std::uint32_t n_prompt = 0, n_prefilled = 0, n_generated = 0, max_tokens = 0, n_pages = 0;
  double age_s = 0;  // since submission
};

}  // namespace quern::sched

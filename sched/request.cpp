#include "sched/request.hpp"

#include <fmt/format.h>

namespace quern::sched {

const char* finish_reason_name(FinishReason reason) noexcept {
  switch (reason) {
    case FinishReason::none:
      return "none";
    case FinishReason::stop:
      return "stop";
    case FinishReason::length:
      return "length";
    case FinishReason::cancelled:
      return "cancelled";
    case FinishReason::failed:
      return "failed";
    case FinishReason::timed_out:
      return "timed_out";
    case FinishReason::refused:
      return "refused";
  }
  return "unknown";
}

std::string failure_text(const TokenEvent& last) {
  if (last.fault == engine::sampling::RowFault::none) return "the model failed on this request";
  return fmt::format("the model's output is invalid: its logits for the next token hold {}; expected numbers",
                     engine::sampling::row_fault_text(last.fault));
}

const char* request_state_name(RequestState state) noexcept {
  switch (state) {
    case RequestState::queued:
      return "queued";
    case RequestState::prefill:
      return "prefill";
    case RequestState::decode:
      return "decode";
    case RequestState::parked:
      return "parked";
    case RequestState::preempted:
      return "preempted";
    case RequestState::finished:
      return "finished";
  }
  return "unknown";
}

}  // namespace quern::sched

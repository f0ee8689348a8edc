// Log-probabilities as most dialects write them. Threads: pure functions.
#pragma once

#include "models/answer_event.hpp"

#include <span>
#include <string>
#include <string_view>

namespace quern::server {

// Names that differ between dialects.
struct LogprobShape {
  std::string_view value = "logprob", alternatives = "top_logprobs";
  bool ids = false;             // "id" before "token"
  bool probabilities = false;   // the value is exp() of it
  bool bytes_of_others = true;  // of alternatives
  bool empty_list_too = true;   // "top_logprobs": [] where no alternatives were asked for
};

// {"token", "logprob", "bytes": [...], "top_logprobs": [{"token", "logprob", "bytes"}]}, with commas between them.
std::string logprob_list(std::span<const models::TokenLogprob> logprobs, const LogprobShape& shape = {});

}  // namespace quern::server

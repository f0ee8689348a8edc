// llama-server's `timings`: how many tokens a request took, and how long. Threads: a pure function.
#pragma once

#include "sched/request.hpp"

#include <string>

namespace quern::server {

// {"cache_n", "prompt_n", "prompt_ms", "prompt_per_token_ms", "prompt_per_second", "predicted_n", ...}. prompt_n counts
// what was computed, cache_n what was found. Generating counts from the end of the prompt, pauses included.
std::string timings_json(const sched::RequestStatus& status);

}  // namespace quern::server

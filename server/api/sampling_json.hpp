// The sampling parameters of a request, under the names that llama-server has for them, and back. Threads: pure
// functions.
#pragma once

#include "engine/sampling/params.hpp"
#include "server/api/generation_json.hpp"
#include "server/api/json_fields.hpp"

namespace quern::server {

// Reads them over what `sampling` holds; errors go to `fields`. Ranges are validate()'s.
void read_sampling(JsonFields& fields, const RequestRules& rules, engine::sampling::SamplingParams& sampling);

// Which log-probabilities a request wants, as a number of alternatives: 0 to `most`. Absent: leaves `out` alone.
constexpr std::uint32_t kMostAlternatives = 20;  // as OpenAI has it
void read_n_top(JsonFields& fields, std::string_view key, engine::sampling::LogprobWish& out,
                std::uint32_t most = kMostAlternatives);

// All but the bias of tokens, which may be long.
json::object sampling_json(const engine::sampling::SamplingParams& sampling);

}  // namespace quern::server

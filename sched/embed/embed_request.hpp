// Texts to be made vectors of, or pairs to be ranked, as the scheduler sees them. Threads: plain data.
#pragma once

#include "base/clock.hpp"
#include "engine/hyper_params.hpp"
#include "engine/tokenizer/tokenizer.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quern::sched {

struct EmbedRequest {
  std::vector<std::vector<engine::TokenId>> texts;  // each of at least one token, and at most of what a step holds
  engine::Pooling pooling = engine::Pooling::mean;
  std::string label;         // endpoint and client, for /control/requests; never the text
  std::string tenant;        // who shares the machine fairly with others
  double tenant_weight = 0;  // as in GenerateRequest
  std::int32_t priority = 0;
  std::optional<Duration> max_queue, deadline;  // as in GenerateRequest
};

// What of it the engine works on. The engine thread writes `values` before it pushes the last event.
struct EmbedWork {
  std::vector<std::vector<engine::TokenId>> texts;
  engine::Pooling pooling = engine::Pooling::mean;
  std::uint32_t n_tokens = 0;  // of all texts
  std::uint32_t width = 0;     // values of a vector
  std::vector<float> values;   // [n_texts, width]
};

}  // namespace quern::sched

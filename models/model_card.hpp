// What is known of a model whether it is in memory or not: for lists, and to plan before anything is loaded.
// Threads: plain data.
#pragma once

#include "engine/backend.hpp"
#include "engine/sampling/params.hpp"
#include "models/task.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace quern::models {

struct ServedModel;

struct ModelCard {
  std::string id;                    // the name that answers carry
  std::vector<std::string> aliases;  // other names that it answers to
  std::int64_t created_unix_s = 0;
  engine::ModelInfo info;
  std::string quantization;       // the format of most of its weights, "Q4_K"
  std::string digest;             // of its file: 64 hexadecimal digits; empty: it is not known
  std::uint32_t max_context = 0;  // tokens of a prompt and its answer, or of a text; at most, where it is not loaded
  bool local = true;              // false: it is on another server, which knows the rest
  bool generates = false, embeds = false, ranks = false;
  bool tools = false, thinking = false, insert = false;  // as its templates and its vocabulary have places for them
  engine::sampling::SamplingParams sampling;             // where a request does not say otherwise
  std::string chat_template;                             // source; empty: it has none
  std::vector<std::string> stops;                        // texts that end its turns

  bool can(Work work) const noexcept;
};

ModelCard card_of(const ServedModel& model);

}  // namespace quern::models

// The fields that completions and chat completions have in common: sampling, length, stop strings, streaming.
// Pure: JSON in, plain data or an error naming the field out. Threads: any.
#pragma once

#include "engine/sampling/params.hpp"
#include "engine/sampling/top_tokens.hpp"
#include "engine/tokenizer/tokenizer.hpp"
#include "server/api/answer_form.hpp"
#include "server/api/json_fields.hpp"
#include "server/server.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quern::server {

struct GenerationFields {
  std::string model;  // empty: whatever is served
  engine::sampling::SamplingParams sampling;
  std::optional<std::uint32_t> max_tokens;
  std::uint32_t n = 1;  // answers per prompt
  std::vector<std::string> stop;
  bool stream = false;
  bool include_usage = false;  // of a stream; a whole answer always has its usage
  bool ignore_eos = false;
  engine::sampling::LogprobWish logprobs, prompt_logprobs;
  bool tokens = false;                          // the ids of the answer's tokens
  bool timings = false;                         // with every part of the answer
  bool split_reasoning = true;                  // what the model thinks apart from what it answers
  std::optional<std::uint32_t> thought_budget;  // tokens of thoughts; 0: it does not think
  AnswerForm form;                              // what the answer is held to
  // Scheduling.
  bool use_cache = true;
  std::string cache_salt, supersede_key;
  std::int32_t priority = 0;
  std::optional<std::chrono::milliseconds> deadline, max_queue, max_itl;
  std::optional<std::chrono::milliseconds> max_decode;  // since the first token
};

constexpr std::uint32_t kWhatFits = UINT32_MAX;  // as max_tokens: whatever the default is

// What a parser has to know of the server.
struct RequestRules {
  const ServerLimits& limits;
  std::uint32_t n_vocab = 0;
  engine::sampling::SamplingParams sampling{};   // where a request does not say otherwise
  std::vector<std::string>* unknown = nullptr;   // gets the paths of unknown fields; nullptr: they are an error
  const engine::Tokenizer* tokenizer = nullptr;  // for fields that name tokens by their text
};

// Parts of it, for dialects that have other names for the rest: `stop`; what this server adds for many clients.
void read_stop(JsonFields& fields, const ServerLimits& limits, std::vector<std::string>& stop);
void check_stops(JsonFields& fields, const ServerLimits& limits, const std::string& field,
                 const std::vector<std::string>& stops);
void read_scheduling(JsonFields& fields, const ServerLimits& limits, GenerationFields& out);

// How much it may think, as many clients say it: thinking_budget, reasoning_budget, -1 being no limit.
void read_thought_budget(JsonFields& fields, GenerationFields& out);

// Notes errors in `fields`; the caller goes on reading its own and ends with fields.finish(). least_tokens: of
// max_tokens.
void read_generation_fields(JsonFields& fields, const RequestRules& rules, GenerationFields& out,
                            std::uint32_t least_tokens = 1);

// The end of every parser: what it has read is one request, or an error. Checks the sampling parameters. Errors:
// bad_input or unsupported, naming the field.
Status finish_fields(JsonFields& fields, const RequestRules& rules, const GenerationFields& read);

}  // namespace quern::server

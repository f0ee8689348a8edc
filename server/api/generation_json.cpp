#include "server/api/generation_json.hpp"

#include "server/api/sampling_json.hpp"

#include <utility>

namespace quern::server {
namespace {

// max_completion_tokens is the newer name of the same thing, n_predict llama-server's, where -1 means what fits and 0
// that only the prompt is computed.
void read_length(JsonFields& fields, std::uint32_t least, GenerationFields& out) {
  std::uint32_t old_name = 0, new_name = 0;
  const bool has_old = fields.read("max_tokens", old_name, least);
  const bool has_new = fields.read("max_completion_tokens", new_name, least);
  if (has_old && has_new && old_name != new_name) {
    fields.refuse("max_completion_tokens", fmt::format("{} contradicts max_tokens: {}", new_name, old_name));
  }
  if (has_old) out.max_tokens = old_name;
  if (has_new) out.max_tokens = new_name;
  std::int32_t n_predict = 0;
  if (!fields.read("n_predict", n_predict)) return;
  if (n_predict < -1) return fields.refuse("n_predict", fmt::format("must be -1 or more, found {}", n_predict));
  const std::uint32_t meant = n_predict == -1 ? kWhatFits : static_cast<std::uint32_t>(n_predict);
  if (out.max_tokens && *out.max_tokens != meant) {
    return fields.refuse("n_predict", fmt::format("{} contradicts max_tokens: {}", n_predict, *out.max_tokens));
  }
  out.max_tokens = meant;
}

// -1 and 0: no limit, as in llama-server.
void read_max_decode(JsonFields& fields, GenerationFields& out) {
  std::int32_t ms = 0;
  if (!fields.read("t_max_predict_ms", ms)) return;
  if (ms < -1) return fields.refuse("t_max_predict_ms", fmt::format("must be -1 or more, found {}", ms));
  if (ms > 0) out.max_decode = std::chrono::milliseconds(ms);
}

void read_milliseconds(JsonFields& fields, std::string_view key, std::optional<std::chrono::milliseconds>& out) {
  std::uint32_t ms = 0;
  if (fields.read(key, ms, 1)) out = std::chrono::milliseconds(ms);
}

}  // namespace

void check_stops(JsonFields& fields, const ServerLimits& limits, const std::string& field,
                 const std::vector<std::string>& stops) {
  if (stops.size() > limits.max_stop_strings) {
    return fields.refuse(
        field, fmt::format("at most {} strings are allowed, found {}", limits.max_stop_strings, stops.size()));
  }
  for (std::size_t i = 0; i < stops.size(); ++i) {
    if (!stops[i].empty() && stops[i].size() <= limits.max_stop_bytes) continue;
    return fields.refuse(stops.size() == 1 ? field : fmt::format("{}[{}]", field, i),
                         fmt::format("must have 1 to {} bytes, found {}", limits.max_stop_bytes, stops[i].size()));
  }
}

void read_stop(JsonFields& fields, const ServerLimits& limits, std::vector<std::string>& stop) {
  const json::value* found = fields.value("stop");
  if (found == nullptr) return;
  if (found->is_string()) {
    stop.emplace_back(found->get_string().data(), found->get_string().size());
  } else if (!fields.read("stop", stop)) {
    return;
  }
  check_stops(fields, limits, "stop", stop);
}

void read_scheduling(JsonFields& fields, const ServerLimits& limits, GenerationFields& out) {
  constexpr std::int32_t kMaxPriority = 100;
  fields.read("cache_prompt", out.use_cache);
  for (const auto& [key, text] : {std::pair("cache_salt", &out.cache_salt), {"supersede_key", &out.supersede_key}}) {
    if (fields.read(key, *text) && text->size() > limits.max_key_bytes) {
      fields.refuse(key, fmt::format("must have at most {} bytes, found {}", limits.max_key_bytes, text->size()));
    }
  }
  if (fields.read("priority", out.priority) && (out.priority < -kMaxPriority || out.priority > kMaxPriority)) {
    fields.refuse("priority",
                  fmt::format("must be between -{} and {}, found {}", kMaxPriority, kMaxPriority, out.priority));
  }
  read_milliseconds(fields, "deadline_ms", out.deadline);
  read_milliseconds(fields, "max_queue_ms", out.max_queue);
  read_milliseconds(fields, "max_itl_ms", out.max_itl);
}

void read_thought_budget(JsonFields& fields, GenerationFields& out) {
  for (const std::string_view key : {"thinking_budget", "reasoning_budget", "thinking_token_budget"}) {
    std::int32_t budget = 0;
    if (!fields.read(key, budget)) continue;
    if (budget < -1) return fields.refuse(key, fmt::format("must be -1 or more, found {}", budget));
    if (budget >= 0) out.thought_budget = static_cast<std::uint32_t>(budget);
  }
}

void read_generation_fields(JsonFields& fields, const RequestRules& rules, GenerationFields& out,
                            std::uint32_t least_tokens) {
  fields.read("model", out.model);
  out.sampling = rules.sampling;
  read_sampling(fields, rules, out.sampling);
  read_length(fields, least_tokens, out);
  read_stop(fields, rules.limits, out.stop);
  fields.read("n", out.n, 1, rules.limits.max_choices);
  read_scheduling(fields, rules.limits, out);
  read_max_decode(fields, out);
  fields.read("timings_per_token", out.timings);
  fields.read("ignore_eos", out.ignore_eos);
  fields.read("stream", out.stream);
  if (const json::object* options = fields.object("stream_options")) {
    JsonFields nested(fields, *options, "stream_options");
    nested.read("include_usage", out.include_usage);
    nested.ignore({"include_obfuscation"});
    if (const Status status = nested.finish(); !status) fields.refuse(status.error());
  }
  // They change nothing about the answer.
  fields.ignore({"user", "store", "metadata", "client_metadata", "service_tier", "safety_identifier",
                 "prompt_cache_key", "prompt_cache_retention", "prediction", "cache_control"});
  read_guided(fields, out.form);
  read_response_format(fields, "response_format", out.form);
  read_thought_budget(fields, out);
  fields.unsupported({"lora", "return_progress", "logprob_token_ids"});
}

Status finish_fields(JsonFields& fields, const RequestRules& rules, const GenerationFields& read) {
  if (const Status status = engine::sampling::validate(read.sampling, rules.n_vocab); !status) {
    fields.refuse(status.error());
  }
  return fields.finish();
}

}  // namespace quern::server

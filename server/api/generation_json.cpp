#include "server/api/generation_json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace quern::server {
namespace {

using engine::sampling::SamplingParams;
using engine::sampling::Stage;

struct StageName {
  std::string_view name;
  Stage stage;
};
// The names of llama-server's `samplers`, and those of our own parameters where they differ.
constexpr std::array kStages{StageName{"penalties", Stage::penalties},
                             StageName{"dry", Stage::dry},
                             StageName{"top_n_sigma", Stage::top_n_sigma},
                             StageName{"top_k", Stage::top_k},
                             StageName{"typ_p", Stage::typical},
                             StageName{"typical_p", Stage::typical},
                             StageName{"top_p", Stage::top_p},
                             StageName{"min_p", Stage::min_p},
                             StageName{"xtc", Stage::xtc},
                             StageName{"temperature", Stage::temperature}};

void read_order(JsonFields& fields, SamplingParams& sampling) {
  std::vector<std::string> names;
  if (!fields.read("samplers", names)) return;
  std::vector<Stage> order{Stage::logit_bias};  // always first, as everywhere else
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto known =
        std::find_if(kStages.begin(), kStages.end(), [&](const StageName& s) { return s.name == names[i]; });
    const std::string field = fmt::format("samplers[{}]", i);
    if (known == kStages.end()) {
      return fields.refuse(field,
                           "expected penalties, dry, top_n_sigma, top_k, typ_p, top_p, min_p, xtc or temperature");
    }
    if (std::find(order.begin(), order.end(), known->stage) != order.end()) {
      return fields.refuse(field, "named twice");
    }
    order.push_back(known->stage);
  }
  sampling.order = std::move(order);
}

// {"token id": bias}
void read_logit_bias(JsonFields& fields, const RequestRules& rules, SamplingParams& sampling) {
  const json::object* biases = fields.object("logit_bias");
  if (biases == nullptr) return;
  if (biases->size() > rules.limits.max_logit_bias) {
    return fields.refuse("logit_bias", fmt::format("at most {} tokens are allowed, found {}",
                                                   rules.limits.max_logit_bias, biases->size()));
  }
  for (const auto& [key, value] : *biases) {
    std::uint32_t token = 0;
    const char* const end = key.data() + key.size();
    const auto parsed = std::from_chars(key.data(), end, token);
    if (parsed.ec != std::errc() || parsed.ptr != end || token >= rules.n_vocab) {
      return fields.refuse("logit_bias", fmt::format("keys are token ids between 0 and {}, found {}", rules.n_vocab - 1,
                                                     describe(json::value(key))));
    }
    if (value.is_null()) continue;
    const std::string field = fmt::format("logit_bias.{}", token);
    if (!value.is_number()) return fields.refuse(field, fmt::format("expected a number, found {}", describe(value)));
    const double bias = value.to_number<double>();
    if (!(bias >= -100.0 && bias <= 100.0)) {
      return fields.refuse(field, fmt::format("must be between -100 and 100, found {}", bias));
    }
    sampling.logit_bias.emplace_back(static_cast<std::int32_t>(token), static_cast<float>(bias));
  }
}

void read_sampling(JsonFields& fields, const RequestRules& rules, SamplingParams& sampling) {
  fields.read("temperature", sampling.temperature);
  fields.read("dynatemp_range", sampling.dynatemp_range);
  fields.read("dynatemp_exponent", sampling.dynatemp_exponent);
  fields.read("top_k", sampling.top_k);
  fields.read("top_p", sampling.top_p);
  fields.read("min_p", sampling.min_p);
  fields.read("typical_p", sampling.typical_p);
  fields.read("top_n_sigma", sampling.top_n_sigma);
  fields.read("xtc_probability", sampling.xtc_probability);
  fields.read("xtc_threshold", sampling.xtc_threshold);
  fields.read("repeat_last_n", sampling.repeat_last_n);
  fields.read("repeat_penalty", sampling.repeat_penalty);
  fields.read("frequency_penalty", sampling.frequency_penalty);
  fields.read("presence_penalty", sampling.presence_penalty);
  fields.read("dry_multiplier", sampling.dry_multiplier);
  fields.read("dry_base", sampling.dry_base);
  fields.read("dry_allowed_length", sampling.dry_allowed_length);
  fields.read("dry_penalty_last_n", sampling.dry_penalty_last_n);
  fields.read("dry_sequence_breakers", sampling.dry_sequence_breakers);
  fields.read("min_keep", sampling.min_keep);
  read_order(fields, sampling);
  read_logit_bias(fields, rules, sampling);
  std::int64_t seed = -1;
  if (fields.read("seed", seed) && seed != -1) {  // -1: a fresh one, as in llama-server
    sampling.seed = static_cast<std::uint64_t>(seed);
    sampling.has_seed = true;
  }
}

// max_completion_tokens is the newer name of the same thing.
void read_length(JsonFields& fields, GenerationFields& out) {
  std::uint32_t old_name = 0, new_name = 0;
  const bool has_old = fields.read("max_tokens", old_name, 1);
  const bool has_new = fields.read("max_completion_tokens", new_name, 1);
  if (has_old && has_new && old_name != new_name) {
    fields.refuse("max_completion_tokens", fmt::format("{} contradicts max_tokens: {}", new_name, old_name));
  }
  if (has_old) out.max_tokens = old_name;
  if (has_new) out.max_tokens = new_name;
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

void read_generation_fields(JsonFields& fields, const RequestRules& rules, GenerationFields& out) {
  fields.read("model", out.model);
  out.sampling = rules.sampling;
  read_sampling(fields, rules, out.sampling);
  read_length(fields, out);
  read_stop(fields, rules.limits, out.stop);
  fields.read("n", out.n, 1, rules.limits.max_choices);
  read_scheduling(fields, rules.limits, out);
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
  fields.unsupported({"grammar", "json_schema", "mirostat", "n_probs", "lora", "timings_per_token", "return_progress",
                      "return_tokens", "post_sampling_probs", "logprob_token_ids", "guided_json", "guided_regex",
                      "guided_choice", "guided_grammar", "structured_outputs"});
  if (const Status status = engine::sampling::validate(out.sampling, rules.n_vocab); !status) {
    fields.refuse(status.error());
  }
}

}  // namespace quern::server

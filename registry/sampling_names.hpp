// Names of sampling settings: quern's own, and what Ollama's PARAMETER lines call them. Threads: pure functions.
#pragma once

#include "base/result.hpp"
#include "engine/sampling/params.hpp"
#include "registry/model.hpp"

#include <string>
#include <string_view>

namespace quern::registry {

// Changes one value. Errors: bad_input naming the setting: no such name, no number, outside of its range.
Status apply_sampling(std::string_view name, std::string_view value, engine::sampling::SamplingParams& params);
// All of a model's over `base` (built-in values, or those of its file).
Result<engine::sampling::SamplingParams> sampling_over(const engine::sampling::SamplingParams& base,
                                                       const Settings& settings);

// PARAMETER name value, in Ollama's names or quern's: into the settings. Returns a note where it has no meaning here
// ("num_gpu: ..."), else "". Errors: bad_input naming the parameter.
Result<std::string> set_parameter(std::string_view name, std::string_view value, Settings& settings);
// "5m", "300", "-1", "0": seconds, or Go's durations. Negative: for ever. Errors: bad_input.
Result<std::chrono::seconds> parse_keep_alive(std::string_view text);

}  // namespace quern::registry

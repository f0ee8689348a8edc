// Sampling options whose values are more than a number: seed, sampler order, DRY breakers, logit bias; and what options
// make of the defaults that a model's file brings.
// Errors: bad_input "want ..., found ...". Threads: pure functions.
#pragma once

#include "app/options/options.hpp"
#include "base/result.hpp"

#include <string_view>

namespace quern::app {

inline constexpr const char* kDefaultStages =
    "logit_bias,penalties,dry,top_n_sigma,top_k,typical,top_p,min_p,xtc,temperature";

inline constexpr std::string_view kSamplingGroup = "Sampling";  // of rows in the option table

// `base` (built-in values, or those of the file), changed by the options that were set.
engine::sampling::SamplingParams sampling_over(const engine::sampling::SamplingParams& base, const Options& options);

Status parse_seed(std::string_view text, Options& options);         // "42" or "random"
Status parse_stages(std::string_view text, Options& options);       // "top_k,temperature"
Status parse_dry_breaker(std::string_view text, Options& options);  // adds one (\n: a newline); "none" drops all
Status parse_logit_bias(std::string_view text, Options& options);   // "15=-1.5" or "15=false"

}  // namespace quern::app

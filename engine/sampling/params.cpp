#include "engine/sampling/params.hpp"

#include "engine/sampling/chain.hpp"

#include <array>
#include <cmath>
#include <limits>

namespace quern::engine::sampling {
namespace {

struct FloatRange {
  const char* name;
  float SamplingParams::*field;
  float min, max;
};
constexpr std::array kFloats{
    FloatRange{"temperature", &SamplingParams::temperature, 0.0f, 100.0f},
    FloatRange{"dynatemp_range", &SamplingParams::dynatemp_range, 0.0f, 100.0f},
    FloatRange{"dynatemp_exponent", &SamplingParams::dynatemp_exponent, 0.0f, 100.0f},
    FloatRange{"top_p", &SamplingParams::top_p, 0.0f, 1.0f},
    FloatRange{"min_p", &SamplingParams::min_p, 0.0f, 1.0f},
    FloatRange{"typical_p", &SamplingParams::typical_p, 0.0f, 1.0f},
    FloatRange{"top_n_sigma", &SamplingParams::top_n_sigma, -1.0f, 100.0f},
    FloatRange{"xtc_probability", &SamplingParams::xtc_probability, 0.0f, 1.0f},
    FloatRange{"xtc_threshold", &SamplingParams::xtc_threshold, 0.0f, 1.0f},
    FloatRange{"repeat_penalty", &SamplingParams::repeat_penalty, 0.01f, 100.0f},  // 0 would divide by it
    FloatRange{"frequency_penalty", &SamplingParams::frequency_penalty, -2.0f, 2.0f},
    FloatRange{"presence_penalty", &SamplingParams::presence_penalty, -2.0f, 2.0f},
    FloatRange{"dry_multiplier", &SamplingParams::dry_multiplier, 0.0f, 100.0f},
    FloatRange{"dry_base", &SamplingParams::dry_base, 1.0f, 100.0f},
    FloatRange{"mirostat_tau", &SamplingParams::mirostat_tau, 0.0f, 100.0f},
    FloatRange{"mirostat_eta", &SamplingParams::mirostat_eta, 0.0f, 10.0f},
    FloatRange{"adaptive_target", &SamplingParams::adaptive_target, -1.0f, 1.0f},
    FloatRange{"adaptive_decay", &SamplingParams::adaptive_decay, 0.0f, 0.99f},
};

struct IntRange {
  const char* name;
  std::int32_t SamplingParams::*field;
  std::int32_t min;  // no upper bound needed: what exceeds the vocabulary or the history is cut to it
};
constexpr std::array kInts{
    IntRange{"top_k", &SamplingParams::top_k, -1},
    IntRange{"repeat_last_n", &SamplingParams::repeat_last_n, -1},
    IntRange{"dry_allowed_length", &SamplingParams::dry_allowed_length, 0},
    IntRange{"dry_penalty_last_n", &SamplingParams::dry_penalty_last_n, -1},
};

Status check_numbers(const SamplingParams& p) {
  for (const FloatRange& range : kFloats) {
    const float value = p.*range.field;
    if (!(value >= range.min && value <= range.max))  // NaN fails both
      return fail_field(range.name, "must be between {} and {}, found {}", range.min, range.max, value);
  }
  for (const IntRange& range : kInts) {
    const std::int32_t value = p.*range.field;
    if (value < range.min) return fail_field(range.name, "must be at least {}, found {}", range.min, value);
  }
  return {};
}

// One token is drawn, so only one way to draw it may be asked for.
Status check_draw(const SamplingParams& p) {
  if (p.mirostat < 0 || p.mirostat > 2) return fail_field("mirostat", "must be 0, 1 or 2, found {}", p.mirostat);
  if (p.mirostat != 0 && p.adaptive_target >= 0.0f)
    return fail_field("adaptive_target", "cannot be combined with mirostat {}: both draw the token", p.mirostat);
  return {};
}

Status check_breakers(const SamplingParams& p) {
  constexpr const char* kField = "dry_sequence_breakers";
  if (p.dry_sequence_breakers.size() > kDryBreakersMax)
    return fail_field(kField, "at most {} are allowed, found {}", kDryBreakersMax, p.dry_sequence_breakers.size());
  for (std::size_t i = 0; i < p.dry_sequence_breakers.size(); ++i) {
    const std::size_t size = p.dry_sequence_breakers[i].size();
    if (size > kDryBreakerBytesMax)
      return fail_field(kField, "each has at most {} bytes, found {} in number {}", kDryBreakerBytesMax, size, i);
  }
  return {};
}

Status check_logit_bias(const SamplingParams& p, std::uint32_t n_vocab) {
  constexpr const char* kField = "logit_bias";
  if (p.logit_bias.size() > kLogitBiasMax)
    return fail_field(kField, "at most {} tokens are allowed, found {}", kLogitBiasMax, p.logit_bias.size());
  for (const auto& [token, bias] : p.logit_bias) {
    if (token < 0 || static_cast<std::uint32_t>(token) >= n_vocab)
      return fail_field(kField, "token ids are between 0 and {}, found {}", n_vocab - 1, token);
    if (!std::isfinite(bias) && bias != -std::numeric_limits<float>::infinity())
      return fail_field(kField, "the bias of token {} must be a finite number or -infinity, found {}", token, bias);
  }
  return {};
}

Status check_order(const SamplingParams& p) {
  constexpr const char* kField = "order";
  std::uint32_t seen = 0;
  for (const Stage stage : p.order) {
    const auto index = static_cast<std::size_t>(stage);
    if (index >= stage_rows().size())
      return fail_field(kField, "stages are numbered 0 to {}, found {}", stage_rows().size() - 1, index);
    if ((seen >> index & 1u) != 0)
      return fail_field(kField, "each stage at most once, found \"{}\" twice", stage_row(stage).name);
    seen |= 1u << index;
  }
  return {};
}

}  // namespace

Status validate(const SamplingParams& params, std::uint32_t n_vocab) {
  QUERN_CHECK(check_numbers(params));
  QUERN_CHECK(check_draw(params));
  QUERN_CHECK(check_breakers(params));
  QUERN_CHECK(check_logit_bias(params, n_vocab));
  return check_order(params);
}

}  // namespace quern::engine::sampling

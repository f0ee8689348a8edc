#include "registry/sampling_names.hpp"

#include "base/duration_text.hpp"
#include "registry/name_parts.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

namespace quern::registry {
namespace {

using engine::sampling::SamplingParams;

struct Row {
  std::string_view name;
  float SamplingParams::*number = nullptr;
  std::int32_t SamplingParams::*integer = nullptr;
};
constexpr Row kRows[] = {
    {"temperature", &SamplingParams::temperature},
    {"dynatemp_range", &SamplingParams::dynatemp_range},
    {"dynatemp_exponent", &SamplingParams::dynatemp_exponent},
    {"top_k", nullptr, &SamplingParams::top_k},
    {"top_p", &SamplingParams::top_p},
    {"min_p", &SamplingParams::min_p},
    {"typical_p", &SamplingParams::typical_p},
    {"top_n_sigma", &SamplingParams::top_n_sigma},
    {"xtc_probability", &SamplingParams::xtc_probability},
    {"xtc_threshold", &SamplingParams::xtc_threshold},
    {"repeat_last_n", nullptr, &SamplingParams::repeat_last_n},
    {"repeat_penalty", &SamplingParams::repeat_penalty},
    {"frequency_penalty", &SamplingParams::frequency_penalty},
    {"presence_penalty", &SamplingParams::presence_penalty},
    {"dry_multiplier", &SamplingParams::dry_multiplier},
    {"dry_base", &SamplingParams::dry_base},
    {"dry_allowed_length", nullptr, &SamplingParams::dry_allowed_length},
    {"dry_penalty_last_n", nullptr, &SamplingParams::dry_penalty_last_n},
    {"mirostat", nullptr, &SamplingParams::mirostat},
    {"mirostat_tau", &SamplingParams::mirostat_tau},
    {"mirostat_eta", &SamplingParams::mirostat_eta},
    {"adaptive_target", &SamplingParams::adaptive_target},
    {"adaptive_decay", &SamplingParams::adaptive_decay},
};

// Parameters of Ollama that say how its own engine runs.
constexpr std::string_view kOfItsEngine[] = {
    "num_keep", "num_batch", "num_gpu", "main_gpu",   "use_mmap",          "use_mlock", "num_thread",
    "numa",     "low_vram",  "f16_kv",  "vocab_only", "draft_num_predict", "tfs_z",     "penalize_newline"};

template <class T>
std::optional<T> number_of(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<std::uint32_t> count_of(std::string_view name, std::string_view value) {
  constexpr std::uint32_t kMax = 1u << 24;
  const auto count = number_of<std::uint32_t>(value);
  if (count && *count <= kMax) return *count;
  return fail_field(std::string(name), "want an integer between 0 and {}, found '{}'", kMax, shown(value));
}

// One value for each name.
void put(Settings& settings, std::string_view name, std::string_view value) {
  const auto found = std::ranges::find(settings.sampling, name, &std::pair<std::string, std::string>::first);
  if (found != settings.sampling.end()) {
    found->second = value;
  } else {
    settings.sampling.emplace_back(name, value);
  }
}

}  // namespace

Status apply_sampling(std::string_view name, std::string_view value, SamplingParams& params) {
  SamplingParams changed = params;
  if (name == "seed") {
    const auto seed = number_of<std::int64_t>(value);
    if (!seed) return fail_field("seed", "want an integer, found '{}'", shown(value));
    changed.has_seed = *seed >= 0;  // Ollama's -1: another one each time
    changed.seed = changed.has_seed ? static_cast<std::uint64_t>(*seed) : 0;
    params = std::move(changed);
    return {};
  }
  const Row* const row = std::ranges::find(kRows, name, &Row::name);
  if (row == std::end(kRows)) return fail_field(std::string(name), "there is no such sampling setting");
  if (row->integer != nullptr) {
    const auto number = number_of<std::int32_t>(value);
    if (!number) return fail_field(std::string(name), "want an integer, found '{}'", shown(value));
    changed.*row->integer = *number;
  } else {
    const auto number = number_of<float>(value);
    if (!number || !std::isfinite(*number)) {
      return fail_field(std::string(name), "want a number, found '{}'", shown(value));
    }
    changed.*row->number = *number;
  }
  QUERN_CHECK(engine::sampling::validate(changed, std::numeric_limits<std::int32_t>::max()));
  params = std::move(changed);
  return {};
}

Result<SamplingParams> sampling_over(const SamplingParams& base, const Settings& settings) {
  SamplingParams params = base;
  for (const auto& [name, value] : settings.sampling) QUERN_CHECK(apply_sampling(name, value, params));
  return params;
}

Result<std::string> set_parameter(std::string_view name_in, std::string_view value, Settings& settings) {
  const std::string name = lower(name_in);
  if (std::ranges::find(kOfItsEngine, name) != std::end(kOfItsEngine)) {
    return fmt::format("{}: not used here: it says how another engine runs", name);
  }
  if (name == "stop") {
    constexpr std::size_t kMaxStops = 64, kMaxStopBytes = 1024;
    if (settings.stop.size() >= kMaxStops || value.size() > kMaxStopBytes || value.empty()) {
      return fail_field("stop", "want at most {} texts of 1 to {} bytes, found more", kMaxStops, kMaxStopBytes);
    }
    settings.stop.emplace_back(value);
    return std::string();
  }
  if (name == "num_ctx" || name == "ctx") {
    QUERN_TRY(settings.ctx, count_of(name, value));
    return std::string();
  }
  if (name == "keep_alive") {
    QUERN_TRY(settings.keep_alive, parse_keep_alive(value));
    return std::string();
  }
  if (name == "num_predict" || name == "max_tokens") {
    // Ollama's -1 and -2: as long as there is room.
    const auto number = number_of<std::int32_t>(value);
    settings.max_tokens.reset();
    if (number && *number < 0) return std::string();
    QUERN_TRY(settings.max_tokens, count_of(name, value));
    return std::string();
  }
  SamplingParams probe;
  const Status applied = apply_sampling(name, value, probe);
  if (!applied) {
    const bool unknown = name != "seed" && std::ranges::find(kRows, name, &Row::name) == std::end(kRows);
    if (unknown) return fail_field(std::string(name), "there is no such parameter");
    return applied.error();
  }
  put(settings, name, value);
  return std::string();
}

Result<std::chrono::seconds> parse_keep_alive(std::string_view text) {
  constexpr double kMaxSeconds = 1e9;
  const auto refuse = [&text] {
    return fail_field("keep_alive",
                      "want seconds, a time such as 5m or 1h30m, or a negative one (for ever), found '{}'",
                      shown(text));
  };
  std::optional<double> seconds = number_of<double>(text);
  if (!seconds) seconds = parse_go_duration(text);
  if (!seconds || !std::isfinite(*seconds) || *seconds > kMaxSeconds) return refuse();
  return std::chrono::seconds(*seconds < 0 ? -1 : static_cast<std::int64_t>(std::ceil(*seconds)));
}

}  // namespace quern::registry

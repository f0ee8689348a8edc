#include "engine/sampling/file_defaults.hpp"

#include "engine/gguf/convert.hpp"
#include "engine/gguf/printable.hpp"
#include "engine/sampling/chain.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

namespace quern::engine::sampling {

namespace {

constexpr std::string_view kPrefix = "general.sampling.";
constexpr std::string_view kSuppressed = "tokenizer.ggml.suppress_tokens";

struct Row {
  std::string_view key;
  const char* name;  // of the parameter
  float SamplingParams::*number = nullptr;
  std::int32_t SamplingParams::*integer = nullptr;
};
constexpr Row kRows[] = {
    {"temp", "temperature", &SamplingParams::temperature},
    {"top_k", "top_k", nullptr, &SamplingParams::top_k},
    {"top_p", "top_p", &SamplingParams::top_p},
    {"min_p", "min_p", &SamplingParams::min_p},
    {"xtc_probability", "xtc_probability", &SamplingParams::xtc_probability},
    {"xtc_threshold", "xtc_threshold", &SamplingParams::xtc_threshold},
    {"penalty_last_n", "repeat_last_n", nullptr, &SamplingParams::repeat_last_n},
    {"penalty_repeat", "repeat_penalty", &SamplingParams::repeat_penalty},
    {"mirostat", "mirostat", nullptr, &SamplingParams::mirostat},
    {"mirostat_tau", "mirostat_tau", &SamplingParams::mirostat_tau},
    {"mirostat_eta", "mirostat_eta", &SamplingParams::mirostat_eta},
};

std::optional<double> number_of(std::string_view key, const gguf::Value& value) {
  if (value.type != gguf::ValueType::string) {
    const Result<double> number = gguf::to_float(key, value);
    return number ? std::optional(*number) : std::nullopt;
  }
  double number = 0;
  const char* const end = value.s.data() + value.s.size();
  const auto [rest, error] = std::from_chars(value.s.data(), end, number);
  return error == std::errc() && rest == end && std::isfinite(number) ? std::optional(number) : std::nullopt;
}

class Reader {
 public:
  explicit Reader(FileDefaults& out) : out_(out) {}

  void read(std::string_view key, const gguf::Value& value) {
    const std::string_view name = key.substr(kPrefix.size());
    if (name == "sequence") return read_sequence(key, value);
    const std::optional<double> number = number_of(key, value);
    const Row* row = std::find_if(std::begin(kRows), std::end(kRows), [name](const Row& r) { return r.key == name; });
    if (row == std::end(kRows)) return ignore(key, "no such parameter is known");
    if (!number) return ignore(key, "want a number, found {}", shown(value));
    apply(key, *row, *number);
  }

  void ban(const gguf::Value& value, std::uint64_t n_tokens) {
    const Result<std::vector<std::int64_t>> tokens = gguf::to_int_array(kSuppressed, value);
    if (!tokens) return ignore(kSuppressed, "want an array of integers, found {}", gguf::type_text(value));
    SamplingParams changed = out_.params;
    for (const std::int64_t token : *tokens) {
      if (token < 0 || static_cast<std::uint64_t>(token) >= n_tokens)
        return ignore(kSuppressed, "want ids of the {} tokens, found {}", n_tokens, token);
      changed.logit_bias.emplace_back(static_cast<std::int32_t>(token), -std::numeric_limits<float>::infinity());
    }
    if (keep(kSuppressed, std::move(changed))) out_.applied.push_back(fmt::format("{} tokens banned", tokens->size()));
  }

 private:
  static std::string shown(const gguf::Value& value) {
    if (value.type == gguf::ValueType::string) return fmt::format("'{}'", gguf::printable(value.s));
    if (value.type == gguf::ValueType::f32 || value.type == gguf::ValueType::f64) return fmt::format("{}", value.f);
    const std::optional<double> number = number_of("", value);
    return number ? fmt::format("{}", *number) : gguf::type_text(value);
  }

  template <class... Args>
  void ignore(std::string_view key, fmt::format_string<Args...> why, Args&&... args) {
    out_.ignored.push_back(fmt::format("{}: {}", gguf::printable(key), fmt::format(why, std::forward<Args>(args)...)));
  }

  // Only what a request could ask for too.
  bool keep(std::string_view key, SamplingParams changed) {
    const Status valid = validate(changed, std::numeric_limits<std::int32_t>::max());
    if (!valid) return ignore(key, "{}", valid.error().detail), false;
    out_.params = std::move(changed);
    return true;
  }

  void apply(std::string_view key, const Row& row, double number) {
    SamplingParams changed = out_.params;
    if (row.integer != nullptr) {
      if (number != std::floor(number) || std::abs(number) > std::numeric_limits<std::int32_t>::max())
        return ignore(key, "want an integer, found {}", number);
      changed.*row.integer = static_cast<std::int32_t>(number);
    } else {
      changed.*row.number = static_cast<float>(number);
    }
    if (!keep(key, std::move(changed))) return;
    out_.applied.push_back(row.integer != nullptr ? fmt::format("{} {}", row.name, out_.params.*row.integer)
                                                  : fmt::format("{} {}", row.name, out_.params.*row.number));
  }

  // "penalties;top_k;temperature"; a bias of a token comes first, as in requests.
  void read_sequence(std::string_view key, const gguf::Value& value) {
    if (value.type != gguf::ValueType::string) return ignore(key, "want a text, found {}", gguf::type_text(value));
    SamplingParams changed = out_.params;
    changed.order = {Stage::logit_bias};
    std::string names;
    for (std::size_t begin = 0; begin <= value.s.size();) {
      const std::size_t end = std::min(value.s.find(';', begin), value.s.size());
      const std::string_view name = value.s.substr(begin, end - begin);
      begin = end + 1;
      if (name.empty()) continue;
      const Result<Stage> stage = stage_from_name(name);
      if (!stage) return ignore(key, "stage '{}' is not supported", gguf::printable(name));
      if (*stage == Stage::logit_bias) continue;
      changed.order.push_back(*stage);
      names += fmt::format("{}{}", names.empty() ? "" : ",", stage_row(*stage).name);
    }
    if (names.empty()) return ignore(key, "names no stage");
    if (keep(key, std::move(changed))) out_.applied.push_back("samplers " + names);
  }

  FileDefaults& out_;
};

}  // namespace

FileDefaults read_file_defaults(const gguf::GgufFile& file) {
  FileDefaults out;
  Reader reader(out);
  for (const auto& [key, value] : file.metadata()) {
    if (key.starts_with(kPrefix)) reader.read(key, value);
  }
  if (const gguf::Value* suppressed = file.find(kSuppressed)) {
    const gguf::Value* tokens = file.find("tokenizer.ggml.tokens");
    reader.ban(*suppressed, tokens != nullptr && tokens->type == gguf::ValueType::array ? tokens->array.count : 0);
  }
  return out;
}

}  // namespace quern::engine::sampling

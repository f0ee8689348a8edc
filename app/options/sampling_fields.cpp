#include "app/options/sampling_fields.hpp"

#include "app/options/option_table.hpp"
#include "app/options/values.hpp"
#include "base/assert.hpp"
#include "engine/sampling/chain.hpp"

#include <algorithm>
#include <limits>

namespace quern::app {
namespace {

using engine::sampling::SamplingParams;
using engine::sampling::Stage;

std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    const bool escaped = text[i] == '\\' && (next == 'n' || next == 't' || next == '\\');
    if (!escaped) {
      out += text[i];
      continue;
    }
    out += next == 'n' ? '\n' : next == 't' ? '\t' : '\\';
    ++i;
  }
  return out;
}

}  // namespace

SamplingParams sampling_over(const SamplingParams& base, const Options& options) {
  Options changed;
  changed.run.sampling = base;
  for (const SamplingChoice& choice : options.sampling_choices) {
    const Status assigned = assign(choice.row->field, choice.text, changed);
    QUERN_ASSERT(assigned.has_value());  // as it was when the command line was read
  }
  return changed.run.sampling;
}

Status parse_seed(std::string_view text, Options& options) {
  SamplingParams& sampling = options.run.sampling;
  sampling.has_seed = text != "random";
  if (!sampling.has_seed) return {};
  QUERN_TRY(sampling.seed, parse_number<std::uint64_t>(text, 0, std::numeric_limits<std::uint64_t>::max()));
  return {};
}

Status parse_stages(std::string_view text, Options& options) {
  std::vector<Stage> order;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view name = text.substr(begin, end - begin);
    QUERN_TRY(const Stage stage, engine::sampling::stage_from_name(name));
    if (std::ranges::find(order, stage) != order.end()) {
      return fail(Errc::bad_input, "want each sampler once, found '{}' twice", name);
    }
    order.push_back(stage);
    begin = end + 1;
  }
  options.run.sampling.order = std::move(order);
  return {};
}

Status parse_dry_breaker(std::string_view text, Options& options) {
  if (text.empty()) return fail(Errc::bad_input, "want a text, found an empty one");
  std::vector<std::string>& breakers = options.run.sampling.dry_sequence_breakers;
  if (text == "none") {
    breakers.clear();
  } else {
    breakers.push_back(unescape(text));
  }
  return {};
}

Status parse_logit_bias(std::string_view text, Options& options) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return fail(Errc::bad_input, "want ID=BIAS such as 15=-1.5, found '{}'", text);
  QUERN_TRY(const auto id,
            parse_number<std::int32_t>(text.substr(0, equals), 0, std::numeric_limits<std::int32_t>::max()));
  float bias = -std::numeric_limits<float>::infinity();
  if (text.substr(equals + 1) != "false") {
    QUERN_TRY(bias, parse_number<float>(text.substr(equals + 1), -1000.0f, 1000.0f));
  }
  options.run.sampling.logit_bias.emplace_back(id, bias);
  return {};
}

}  // namespace quern::app

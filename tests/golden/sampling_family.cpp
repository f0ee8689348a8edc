// Golden family "sampling": candidates after each sampler of the reference, from dir/sampling/*.json. Runs the stage
// functions that the product runs. Same ids; logits and probabilities within 1e-5 relative or 1e-6 absolute.
#include "engine/sampling/breaker_finder.hpp"
#include "engine/sampling/chain.hpp"
#include "tests/golden/family.hpp"
#include "tests/support/golden_json.hpp"
#include "tests/support/piece_tokenizer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace quern::golden {
namespace {

namespace json = boost::json;
using engine::TokenId;
using engine::sampling::apply_stage;
using engine::sampling::BreakerFinder;
using engine::sampling::Candidates;
using engine::sampling::SamplingParams;
using engine::sampling::Sequence;
using engine::sampling::Stage;

// The texts of the data's vocabulary: three special tokens without text, then token 3 + b is byte b.
test::PieceTokenizer byte_tokenizer(std::uint32_t n_vocab) {
  std::vector<std::string> pieces(3);
  for (char byte = 0; pieces.size() < n_vocab; ++byte) pieces.emplace_back(1, byte);
  return test::PieceTokenizer(std::move(pieces));
}

float to_float(const json::value& v) {
  if (v.is_string()) return -std::numeric_limits<float>::infinity();  // "-inf", the only one there is
  return v.to_number<float>();
}

void read(const json::object& o, const char* key, float& value) {
  if (const json::value* v = o.if_contains(key)) value = to_float(*v);
}
template <class Integer>
void read_int(const json::object& o, const char* key, Integer& value) {
  if (const json::value* v = o.if_contains(key)) value = v->to_number<Integer>();
}

// One entry of `samplers` as parameters, all others at "off".
SamplingParams to_params(const json::object& o, Stage stage) {
  SamplingParams p;
  const bool is_temperature = stage == Stage::temperature;
  read(o, "t", p.temperature);
  read(o, "range", p.dynatemp_range);
  read(o, "exponent", p.dynatemp_exponent);
  read_int(o, "k", p.top_k);
  read(o, "p", stage == Stage::top_p ? p.top_p : stage == Stage::min_p ? p.min_p : p.typical_p);
  read(o, "n", p.top_n_sigma);
  read(o, "probability", p.xtc_probability);
  read(o, "threshold", p.xtc_threshold);
  read_int(o, "last_n", p.repeat_last_n);
  read(o, "repeat", p.repeat_penalty);
  read(o, "frequency", p.frequency_penalty);
  read(o, "presence", p.presence_penalty);
  read(o, "multiplier", p.dry_multiplier);
  read(o, "base", p.dry_base);
  read_int(o, "allowed_length", p.dry_allowed_length);
  read_int(o, "penalty_last_n", p.dry_penalty_last_n);
  read_int(o, "min_keep", p.min_keep);
  p.dry_sequence_breakers.clear();
  if (const json::value* breakers = o.if_contains("breakers"))
    for (const json::value& b : breakers->as_array()) p.dry_sequence_breakers.emplace_back(b.as_string());
  if (const json::value* bias = o.if_contains("bias"))
    for (const json::value& b : bias->as_array())
      p.logit_bias.emplace_back(b.at(0).to_number<TokenId>(), to_float(b.at(1)));
  if (!is_temperature) p.temperature = 1.0f;
  return p;
}

bool close(double got, double want) {
  return std::fabs(got - want) <= std::max(1e-6, 1e-5 * std::fabs(want));
}

// Empty: as expected.
std::string compare(Candidates& got, const json::array& want) {
  if (got.size() != want.size()) return fmt::format("want {} candidates, found {}", want.size(), got.size());
  const Candidates::Weights w = got.weights();
  for (std::size_t i = 0; i < want.size(); ++i) {
    const json::object& c = want[i].as_object();
    const auto id = c.at("id").to_number<TokenId>();
    const auto logit = c.at("logit").to_number<double>(), p = c.at("p").to_number<double>();
    const auto got_logit = static_cast<double>(got.logits()[i]);
    const double got_p = static_cast<double>(w.weight[i]) / w.total;
    if (got.id(i) != id) return fmt::format("candidate {}: want token {}, found {}", i, id, got.id(i));
    if (!close(got_logit, logit)) return fmt::format("token {}: want logit {}, found {}", id, logit, got_logit);
    if (!close(got_p, p)) return fmt::format("token {}: want probability {}, found {}", id, p, got_p);
  }
  return {};
}

// The reference looks at one window for all penalties. Ours look at the whole completion but for `repeat`, so the
// window is what was drawn here and the rest did not happen.
void accept_history(const json::array& history, Stage stage, Sequence& sequence) {
  std::size_t i = 0;
  const auto window = static_cast<std::size_t>(sequence.params.repeat_last_n);
  if (stage == Stage::penalties && history.size() > window) i = history.size() - window;
  for (; i < history.size(); ++i) sequence.history.accept(history[i].to_number<TokenId>());
}

std::string run_case(const json::object& all, const json::object& one, const BreakerFinder& finder) {
  const std::vector<float> logits = test::to_floats(all.at("logits").at(one.at("logits").as_string()));
  Candidates candidates;
  candidates.assign(logits);
  for (const json::value& v : one.at("samplers").as_array()) {
    const json::object& sampler = v.as_object();
    const std::string_view type = sampler.at("type").as_string();
    const auto stage = engine::sampling::stage_from_name(type == "temp_ext" ? "temperature" : type);
    if (!stage) return stage.error().detail;
    const SamplingParams params = to_params(sampler, *stage);
    if (const Status valid = validate(params, static_cast<std::uint32_t>(logits.size())); !valid)
      return valid.error().detail;
    Sequence sequence(params, /*seed=*/1, finder.find(params.dry_sequence_breakers));
    if (const json::value* history = one.if_contains("history")) accept_history(history->as_array(), *stage, sequence);
    apply_stage(*stage, candidates, sequence);
  }
  return compare(candidates, one.at("candidates").as_array());
}

FileResult run_file(const std::filesystem::path& path) {
  FileResult result{"sampling/" + path.stem().string(), false, {}};
  const json::value document = test::read_json(path);
  const json::object& all = document.as_object();
  const test::PieceTokenizer tokenizer = byte_tokenizer(all.at("n_vocab").to_number<std::uint32_t>());
  const BreakerFinder finder(tokenizer);
  const json::array& cases = all.at("cases").as_array();
  std::size_t n_failed = 0;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const json::object& one = cases[i].as_object();
    const std::string mismatch = run_case(all, one, finder);
    if (!mismatch.empty() && n_failed++ == 0)
      result.message = fmt::format("; first: case {} \"{}\" on \"{}\": {}", i, one.at("name").as_string().c_str(),
                                   one.at("logits").as_string().c_str(), mismatch);
  }
  result.passed = n_failed == 0 && !cases.empty();
  result.message = fmt::format("{} of {} cases{}", cases.size() - n_failed, cases.size(), result.message);
  return result;
}

void run(const Options& options, const std::function<void(const FileResult&)>& report) {
  for (const std::filesystem::path& path : files_of(options, "sampling", ".json")) {
    try {  // a damaged data file is a result too
      report(run_file(path));
    } catch (const std::exception& e) {
      report({"sampling/" + path.stem().string(), false, e.what()});
    }
  }
}

}  // namespace

const Family kSamplingFamily{"sampling", &run};

}  // namespace quern::golden

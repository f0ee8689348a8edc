#include "server/api/sampling_json.hpp"

#include "engine/sampling/chain.hpp"
#include "engine/sampling/top_tokens.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include <boost/json/array.hpp>

namespace quern::server {
namespace {

using engine::sampling::SamplingParams;
using engine::sampling::Stage;

struct StageName {
  std::string_view name;
  char letter;  // in the short form
  std::optional<Stage> stage;
};
// The names of llama-server's `samplers`, and those of our own parameters where they differ. adaptive_p is no stage: it
// comes last, wherever it is named, and its target says whether it does anything.
constexpr std::array kStages{StageName{"penalties", 'e', Stage::penalties},
                             StageName{"dry", 'd', Stage::dry},
                             StageName{"top_n_sigma", 's', Stage::top_n_sigma},
                             StageName{"top_k", 'k', Stage::top_k},
                             StageName{"typ_p", 'y', Stage::typical},
                             StageName{"typical_p", '\0', Stage::typical},
                             StageName{"top_p", 'p', Stage::top_p},
                             StageName{"min_p", 'm', Stage::min_p},
                             StageName{"xtc", 'x', Stage::xtc},
                             StageName{"temperature", 't', Stage::temperature},
                             StageName{"adaptive_p", 'a', std::nullopt}};

// ["top_k", "temperature"], or "kt".
class OrderReader {
 public:
  explicit OrderReader(JsonFields& fields) : fields_(fields) {}

  void read(SamplingParams& sampling) {
    const json::value* found = fields_.value("samplers");
    if (found == nullptr) return;
    if (found->is_string()) {
      read_letters(std::string_view(found->get_string().data(), found->get_string().size()));
    } else {
      read_names();
    }
    if (!fields_.failed()) sampling.order = std::move(order_);
  }

 private:
  void read_names() {
    std::vector<std::string> names;
    if (!fields_.read("samplers", names)) return;
    for (std::size_t i = 0; i < names.size() && !fields_.failed(); ++i) {
      const auto known = std::ranges::find(kStages, std::string_view(names[i]), &StageName::name);
      const std::string field = fmt::format("samplers[{}]", i);
      if (known == kStages.end()) {
        return fields_.refuse(field,
                              "expected penalties, dry, top_n_sigma, top_k, typ_p, top_p, min_p, xtc, temperature or "
                              "adaptive_p");
      }
      add(*known, field);
    }
  }

  void read_letters(std::string_view letters) {
    for (std::size_t i = 0; i < letters.size() && !fields_.failed(); ++i) {
      const auto known =
          letters[i] == '\0' ? kStages.end() : std::ranges::find(kStages, letters[i], &StageName::letter);
      if (known == kStages.end()) {
        return fields_.refuse("samplers",
                              fmt::format("expected names, or letters out of edskypmxta; letter {} is none", i + 1));
      }
      add(*known, "samplers");
    }
  }

  void add(const StageName& named, const std::string& field) {
    const auto index = static_cast<std::size_t>(&named - kStages.data());
    const bool twice = named.stage ? std::ranges::find(order_, *named.stage) != order_.end() : adaptive_;
    if (twice) return fields_.refuse(field, fmt::format("{} is named twice", kStages[index].name));
    if (named.stage) {
      order_.push_back(*named.stage);
    } else {
      adaptive_ = true;
    }
  }

  JsonFields& fields_;
  std::vector<Stage> order_{Stage::logit_bias};  // always first, as everywhere else
  bool adaptive_ = false;
};

// {"token id or text": bias}, [[token id or text, bias]]; false: never.
class BiasReader {
 public:
  BiasReader(JsonFields& fields, const RequestRules& rules, SamplingParams& sampling)
      : fields_(fields), rules_(rules), sampling_(sampling) {}

  void read() {
    const json::value* found = fields_.value("logit_bias");
    if (found == nullptr) return;
    if (const json::object* object = found->if_object()) {
      for (const auto& [key, value] : *object) {
        if (fields_.failed()) return;
        read_key(std::string_view(key.data(), key.size()), value);
      }
    } else if (const json::array* pairs = found->if_array()) {
      for (std::size_t i = 0; i < pairs->size() && !fields_.failed(); ++i) read_pair((*pairs)[i], i);
    } else {
      fields_.refuse("logit_bias", fmt::format("expected an object or an array of pairs, found {}", describe(*found)));
    }
  }

 private:
  void read_key(std::string_view key, const json::value& value) {
    std::int64_t id = 0;
    const char* const end = key.data() + key.size();
    const auto parsed = std::from_chars(key.data(), end, id);
    const bool is_id = parsed.ec != std::errc::invalid_argument && parsed.ptr == end;
    if (is_id && parsed.ec != std::errc()) id = -1;  // no id has so many digits
    if (is_id ? !check_id(id, "logit_bias", json::value(key)) : !check_text(key, "logit_bias")) return;
    if (value.is_null()) return;
    const std::optional<float> bias =
        read_bias(is_id ? fmt::format("logit_bias.{}", id) : std::string("logit_bias"), value);
    if (!bias) return;
    is_id ? add(static_cast<engine::TokenId>(id), *bias) : add_text(key, "logit_bias", *bias);
  }

  void read_pair(const json::value& value, std::size_t index) {
    const std::string field = fmt::format("logit_bias[{}]", index);
    const json::array* pair = value.if_array();
    if (pair == nullptr || pair->size() != 2) {
      return fields_.refuse(field, fmt::format("expected a pair of a token and its bias, found {}", describe(value)));
    }
    const json::value& token = (*pair)[0];
    const json::string* text = token.if_string();
    if (text == nullptr && !token.is_int64()) {
      return fields_.refuse(field, fmt::format("expected a token id or a text, found {}", describe(token)));
    }
    const std::string_view view = text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
    if (text == nullptr ? !check_id(token.get_int64(), field, token) : !check_text(view, field)) return;
    const std::optional<float> bias = read_bias(field, (*pair)[1]);
    if (!bias) return;
    text == nullptr ? add(static_cast<engine::TokenId>(token.get_int64()), *bias) : add_text(view, field, *bias);
  }

  bool check_id(std::int64_t id, const std::string& field, const json::value& found) {
    if (id >= 0 && id < rules_.n_vocab) return true;
    fields_.refuse(field, fmt::format("token ids are between 0 and {}, found {}", rules_.n_vocab - 1, describe(found)));
    return false;
  }

  bool check_text(std::string_view text, const std::string& field) {
    const bool fine = !text.empty() && text.size() <= rules_.limits.max_stop_bytes && rules_.tokenizer != nullptr;
    if (!fine) {
      fields_.refuse(field, fmt::format("expected token ids between 0 and {}, or texts of 1 to {} bytes",
                                        rules_.n_vocab - 1, rules_.limits.max_stop_bytes));
    }
    return fine;
  }

  std::optional<float> read_bias(const std::string& field, const json::value& value) {
    if (value.is_bool() && !value.get_bool()) return -std::numeric_limits<float>::infinity();
    if (!value.is_number()) {
      fields_.refuse(field, fmt::format("expected a number or false, found {}", describe(value)));
      return std::nullopt;
    }
    const double bias = value.to_number<double>();
    if (bias >= -100.0 && bias <= 100.0) return static_cast<float>(bias);
    fields_.refuse(field, fmt::format("must be between -100 and 100, found {}", bias));
    return std::nullopt;
  }

  // Each token of the text, as it is in the middle of another one.
  void add_text(std::string_view text, const std::string& field, float bias) {
    const auto tokens = rules_.tokenizer->encode(text, {.add_special = false, .parse_special = false});
    if (!tokens) return fields_.refuse(field, tokens.error().detail);
    for (const engine::TokenId token : *tokens) add(token, bias);
  }

  void add(engine::TokenId token, float bias) {
    if (++n_added_ > rules_.limits.max_logit_bias) {
      return fields_.refuse("logit_bias", fmt::format("at most {} tokens are allowed", rules_.limits.max_logit_bias));
    }
    sampling_.logit_bias.emplace_back(token, bias);
  }

  JsonFields& fields_;
  const RequestRules& rules_;
  SamplingParams& sampling_;
  std::size_t n_added_ = 0;
};

}  // namespace

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
  fields.read("mirostat", sampling.mirostat);
  fields.read("mirostat_tau", sampling.mirostat_tau);
  fields.read("mirostat_eta", sampling.mirostat_eta);
  fields.read("adaptive_target", sampling.adaptive_target);
  fields.read("adaptive_decay", sampling.adaptive_decay);
  fields.read("min_keep", sampling.min_keep);
  OrderReader(fields).read(sampling);
  BiasReader(fields, rules, sampling).read();
  std::int64_t seed = -1;
  if (fields.read("seed", seed) && seed != -1) {  // -1: a fresh one, as in llama-server
    sampling.seed = static_cast<std::uint64_t>(seed);
    sampling.has_seed = true;
  }
}

void read_n_top(JsonFields& fields, std::string_view key, engine::sampling::LogprobWish& out, std::uint32_t most) {
  std::uint32_t n = 0;
  if (fields.read(key, n, 0, most)) out.n_top = n;
}

json::object sampling_json(const SamplingParams& s) {
  json::array order;
  for (const Stage stage : s.order) {
    if (stage != Stage::logit_bias) order.emplace_back(engine::sampling::stage_row(stage).name);
  }
  json::array breakers;
  for (const std::string& text : s.dry_sequence_breakers) breakers.emplace_back(text);
  json::object out{{"temperature", s.temperature},
                   {"dynatemp_range", s.dynatemp_range},
                   {"dynatemp_exponent", s.dynatemp_exponent},
                   {"top_k", s.top_k},
                   {"top_p", s.top_p},
                   {"min_p", s.min_p},
                   {"typical_p", s.typical_p},
                   {"top_n_sigma", s.top_n_sigma},
                   {"xtc_probability", s.xtc_probability},
                   {"xtc_threshold", s.xtc_threshold},
                   {"repeat_last_n", s.repeat_last_n},
                   {"repeat_penalty", s.repeat_penalty},
                   {"presence_penalty", s.presence_penalty},
                   {"frequency_penalty", s.frequency_penalty},
                   {"dry_multiplier", s.dry_multiplier},
                   {"dry_base", s.dry_base},
                   {"dry_allowed_length", s.dry_allowed_length},
                   {"dry_penalty_last_n", s.dry_penalty_last_n},
                   {"mirostat", s.mirostat},
                   {"mirostat_tau", s.mirostat_tau},
                   {"mirostat_eta", s.mirostat_eta},
                   {"adaptive_target", s.adaptive_target},
                   {"adaptive_decay", s.adaptive_decay},
                   {"min_keep", s.min_keep}};
  out["dry_sequence_breakers"] = std::move(breakers);
  out["samplers"] = std::move(order);
  return out;
}

}  // namespace quern::server

#include "server/api/openai/completions_json.hpp"

#include <optional>
#include <utility>

namespace quern::server {
namespace {

bool is_token_array(const json::value& value) noexcept {
  return value.is_array() && !value.get_array().empty() && value.get_array()[0].is_number();
}

// [1, 2, 3]
std::optional<std::vector<engine::TokenId>> read_tokens(JsonFields& fields, const std::string& field,
                                                        const json::array& array, std::uint32_t n_vocab) {
  std::vector<engine::TokenId> tokens;
  tokens.reserve(array.size());
  for (std::size_t i = 0; i < array.size(); ++i) {
    const json::value& item = array[i];
    if (!item.is_int64() || item.get_int64() < 0 || item.get_int64() >= n_vocab) {
      fields.refuse(fmt::format("{}[{}]", field, i),
                    fmt::format("expected a token id between 0 and {}, found {}", n_vocab - 1, describe(item)));
      return std::nullopt;
    }
    tokens.push_back(static_cast<engine::TokenId>(item.get_int64()));
  }
  return tokens;
}

void read_prompt(JsonFields& fields, const std::string& field, const json::value& value, std::uint32_t n_vocab,
                 std::vector<PromptInput>& out) {
  if (value.is_string()) {
    out.emplace_back(std::string(value.get_string().data(), value.get_string().size()));
  } else if (is_token_array(value)) {
    if (auto tokens = read_tokens(fields, field, value.get_array(), n_vocab)) out.emplace_back(std::move(*tokens));
  } else if (value.is_array() && value.get_array().empty()) {
    fields.refuse(field, "has no tokens, expected at least one");
  } else {
    fields.refuse(field, fmt::format("expected a string or an array of token ids, found {}", describe(value)));
  }
}

void read_prompts(JsonFields& fields, const RequestRules& rules, std::vector<PromptInput>& out) {
  const json::value* prompt = fields.value("prompt");
  if (prompt == nullptr) return fields.refuse("prompt", "missing; expected a string or an array of token ids");
  if (!prompt->is_array() || is_token_array(*prompt)) {
    return read_prompt(fields, "prompt", *prompt, rules.n_vocab, out);
  }
  const json::array& prompts = prompt->get_array();
  if (prompts.empty() || prompts.size() > rules.limits.max_choices) {
    return fields.refuse("prompt",
                         fmt::format("expected 1 to {} prompts, found {}", rules.limits.max_choices, prompts.size()));
  }
  for (std::size_t i = 0; i < prompts.size() && !fields.failed(); ++i) {
    read_prompt(fields, fmt::format("prompt[{}]", i), prompts[i], rules.n_vocab, out);
  }
}

// The number of alternatives per token: only the chosen token's own log-probability is known here.
void read_logprobs(JsonFields& fields, GenerationFields& out) {
  std::uint32_t n_alternatives = 0;
  out.logprobs = fields.read("logprobs", n_alternatives);
  if (n_alternatives == 0) return;
  fields.refuse_unsupported("logprobs", "alternatives are not supported yet; only 0, the chosen token's own");
}

}  // namespace

Result<CompletionRequest> parse_completion_request(const Document& document, const RequestRules& rules) {
  JsonFields fields(document.root, "", rules.unknown);
  CompletionRequest request;
  read_prompts(fields, rules, request.prompts);
  read_generation_fields(fields, rules, request.fields);
  read_logprobs(fields, request.fields);
  fields.unsupported({"echo", "suffix"});
  std::uint32_t best_of = 1;
  if (fields.read("best_of", best_of) && best_of != 1 && best_of != request.fields.n) {
    fields.refuse("best_of", fmt::format("must be 1 or n, found {}", best_of));
  }
  if (request.prompts.size() * request.fields.n > rules.limits.max_choices) {
    fields.refuse("n", fmt::format("{} prompts times n = {} is more than {} choices", request.prompts.size(),
                                   request.fields.n, rules.limits.max_choices));
  }
  QUERN_CHECK(fields.finish());
  return request;
}

}  // namespace quern::server

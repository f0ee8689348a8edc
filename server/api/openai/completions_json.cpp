#include "server/api/openai/completions_json.hpp"

#include "server/api/sampling_json.hpp"

#include <optional>
#include <utility>

namespace quern::server {
namespace {

bool is_token_array(const json::value& value) noexcept {
  return value.is_array() && !value.get_array().empty() && value.get_array()[0].is_number();
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

// The number of alternatives beside each token.
void read_logprobs(JsonFields& fields, CompletionRequest& out) {
  engine::sampling::LogprobWish& wish = out.fields.logprobs;
  wish.wanted = fields.value("logprobs") != nullptr;
  read_n_top(fields, "logprobs", wish);
  fields.read("echo", out.echo);
  if (out.echo && wish.wanted) {
    fields.refuse_unsupported("logprobs", "of the prompt's tokens, which echo asks for, are not computed");
  }
}

void read_best_of(JsonFields& fields, std::uint32_t n) {
  std::uint32_t best_of = n;
  if (!fields.read("best_of", best_of) || best_of == n) return;
  fields.refuse_unsupported("best_of", fmt::format("must be n, which is {}, found {}: answers are not ranked, so that "
                                                   "none would be computed and thrown away",
                                                   n, best_of));
}

}  // namespace

Result<CompletionRequest> parse_completion_request(const Document& document, const RequestRules& rules) {
  JsonFields fields(document.root, "", rules.unknown);
  CompletionRequest request;
  read_prompts(fields, rules, request.prompts);
  read_generation_fields(fields, rules, request.fields);
  read_logprobs(fields, request);
  fields.read("suffix", request.suffix);
  read_best_of(fields, request.fields.n);
  fields.unsupported({"n_probs", "return_tokens", "post_sampling_probs"});
  if (request.prompts.size() * request.fields.n > rules.limits.max_choices) {
    fields.refuse("n", fmt::format("{} prompts times n = {} is more than {} choices", request.prompts.size(),
                                   request.fields.n, rules.limits.max_choices));
  }
  QUERN_CHECK(fields.finish());
  return request;
}

}  // namespace quern::server

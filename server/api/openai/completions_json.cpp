#include "server/api/openai/completions_json.hpp"

#include <utility>

namespace quern::server {
namespace {

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
  read_prompts(fields, "prompt", rules.limits.max_choices, rules.n_vocab, request.prompts);
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

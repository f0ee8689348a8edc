#include "server/api/openai/completions_json.hpp"

#include "server/api/sampling_json.hpp"

#include <utility>

namespace quern::server {
namespace {

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
  read_prompts(fields, "prompt", rules.limits.max_choices, rules.n_vocab, request.prompts);
  read_generation_fields(fields, rules, request.fields);
  read_logprobs(fields, request);
  fields.read("suffix", request.suffix);
  read_best_of(fields, request.fields.n);
  fields.unsupported({"n_probs", "return_tokens", "post_sampling_probs"});
  if (request.prompts.size() * request.fields.n > rules.limits.max_choices) {
    fields.refuse("n", fmt::format("{} prompts times n = {} is more than {} choices", request.prompts.size(),
                                   request.fields.n, rules.limits.max_choices));
  }
  QUERN_CHECK(finish_fields(fields, rules, request.fields));
  return request;
}

}  // namespace quern::server

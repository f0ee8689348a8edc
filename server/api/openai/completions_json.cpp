#include "server/api/openai/completions_json.hpp"

#include "server/api/sampling_json.hpp"

#include <utility>

namespace quern::server {
namespace {

// The number of alternatives beside each token; with echo also beside those of the prompt. prompt_logprobs is vLLM's
// way to ask for the latter alone.
void read_logprobs(JsonFields& fields, CompletionRequest& out) {
  engine::sampling::LogprobWish& wish = out.fields.logprobs;
  engine::sampling::LogprobWish& of_prompt = out.fields.prompt_logprobs;
  wish.wanted = fields.value("logprobs") != nullptr;
  read_n_top(fields, "logprobs", wish);
  fields.read("echo", out.echo);
  if (out.echo) of_prompt = wish;
  out.lists_prompt = fields.value("prompt_logprobs") != nullptr;
  if (!out.lists_prompt) return;
  if (out.fields.stream) fields.refuse_unsupported("prompt_logprobs", "a stream has no place for them; echo has");
  if (of_prompt.wanted) fields.refuse("prompt_logprobs", "echo and logprobs ask for those of the prompt already");
  read_n_top(fields, "prompt_logprobs", of_prompt);
  of_prompt.wanted = true;
}

// Nothing to generate is fine where the prompt is what is asked about.
void check_length(JsonFields& fields, const CompletionRequest& request) {
  if (request.echo || request.lists_prompt) return;
  for (const char* const key : {"max_tokens", "max_completion_tokens"}) {
    const json::value* const value = fields.value(key);
    if (value != nullptr && *value == 0) {
      fields.refuse(key, "must be at least 1, found 0; 0 is for echo and prompt_logprobs: nothing but the prompt");
    }
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
  read_generation_fields(fields, rules, request.fields, 0);
  read_logprobs(fields, request);
  check_length(fields, request);
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

#include "server/api/completions_json.hpp"
#include "server/api/endpoints.hpp"
#include "server/api/generate.hpp"
#include "server/http_error.hpp"
#include "server/pipeline/prepare.hpp"

#include <utility>

namespace quern::server {
namespace {

// Errors: those of add_prompt.
Status add_prompts(Prepared& out, std::vector<PromptInput> inputs, Effort& effort) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (auto* tokens = std::get_if<std::vector<engine::TokenId>>(&inputs[i])) {
      out.prompts.push_back(std::move(*tokens));
      continue;
    }
    const std::string text = std::get<std::string>(std::move(inputs[i]));
    const engine::EncodeOptions options{.add_special = true, .parse_special = true};
    QUERN_CHECK(add_prompt(out, text, options, inputs.size() == 1 ? "prompt" : fmt::format("prompt[{}]", i), effort));
  }
  return {};
}

Result<Prepared> prepare_completion(std::string_view body, Effort& effort) {
  const RequestRules rules{effort.limits(), effort.services().tokenizer.n_vocab(), effort.sampling()};
  QUERN_CHECK(effort.begin_parsing(body));
  QUERN_TRY(CompletionRequest request, parse_completion_request(body, rules));
  effort.end_parsing();
  QUERN_CHECK(check_model(request.fields.model, effort.services().model_id));
  Prepared out{.fields = std::move(request.fields), .prompt_field = "prompt", .endpoint = "POST /v1/completions"};
  QUERN_CHECK(add_prompts(out, std::move(request.prompts), effort));
  return out;
}

}  // namespace

// POST /v1/completions. Errors: 400 bad JSON or value, 404 another model, 429 queue full, 503 draining.
net::awaitable<void> post_completions(Exchange& exchange, ServerState& state) {
  Result<Prepared> prepared = co_await prepare(exchange, state, &prepare_completion);
  if (!prepared) {
    Response response = error_response(prepared.error());
    co_await exchange.reply(std::move(response));
    co_return;
  }
  auto shape = std::make_shared<const CompletionShape>(make_envelope("cmpl-", state), state.services.tokenizer,
                                                       prepared->fields.logprobs, prepared->fields.include_usage);
  co_await generate(exchange, state, std::move(*prepared), std::move(shape));
}

}  // namespace quern::server

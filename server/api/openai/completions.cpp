// POST /v1/completions. Errors: 400 bad JSON or value, 404 another model, 429 queue full, 503 draining.
#include "server/api/endpoints.hpp"
#include "server/api/generate.hpp"
#include "server/api/openai/completion_writer.hpp"
#include "server/api/openai/completions_json.hpp"

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
    QUERN_CHECK(add_prompt(out, text, options, prompt_path("prompt", i, inputs.size()), effort));
  }
  return {};
}

Result<Prepared> prepare_completion(const Document& document, Effort& effort) {
  QUERN_TRY(CompletionRequest request, parse_completion_request(document, effort.rules()));
  Prepared out{.fields = std::move(request.fields), .prompt_field = "prompt", .endpoint = "POST /v1/completions"};
  QUERN_CHECK(add_prompts(out, std::move(request.prompts), effort));
  return out;
}

}  // namespace

net::awaitable<void> post_completions(Exchange& exchange, ServerState& state) {
  Result<Understood<Prepared>> request = co_await understand<Prepared>(exchange, state, &prepare_completion);
  if (!request) {
    Response response = error_response(request.error());
    co_await exchange.reply(std::move(response));
    co_return;
  }
  const GenerationFields& fields = request->value.fields;
  auto writer = std::make_shared<CompletionWriter>(make_envelope("cmpl-", request->model->id), fields.logprobs,
                                                   fields.include_usage);
  co_await generate(exchange, state, std::move(*request), std::move(writer));
}

}  // namespace quern::server

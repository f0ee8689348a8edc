#include "server/api/completions_json.hpp"
#include "server/api/endpoints.hpp"
#include "server/api/generate.hpp"
#include "server/http_error.hpp"
#include "server/request_head.hpp"

#include <utility>

namespace quern::server {
namespace {

// Errors: those of encode_prompt.
net::awaitable<Result<std::vector<std::vector<engine::TokenId>>>> encode_prompts(ServerState& state,
                                                                                 std::vector<PromptInput> inputs) {
  std::vector<std::vector<engine::TokenId>> prompts;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (auto* tokens = std::get_if<std::vector<engine::TokenId>>(&inputs[i])) {
      prompts.push_back(std::move(*tokens));
      continue;
    }
    std::string field = inputs.size() == 1 ? "prompt" : fmt::format("prompt[{}]", i);
    std::string text = std::get<std::string>(std::move(inputs[i]));
    const engine::EncodeOptions options{.add_special = true, .parse_special = true};
    Result<std::vector<engine::TokenId>> tokens =
        co_await encode_prompt(state, std::move(text), options, std::move(field));
    if (!tokens) co_return tokens.error();
    prompts.push_back(std::move(*tokens));
  }
  co_return prompts;
}

}  // namespace

// POST /v1/completions. Errors: 400 bad JSON or value, 404 another model, 429 queue full, 503 draining.
net::awaitable<void> post_completions(Exchange& exchange, ServerState& state) {
  const RequestRules rules{state.options.limits, state.services.tokenizer.n_vocab(), state.options.sampling};
  Result<CompletionRequest> request = parse_completion_request(exchange.body(), rules);
  Status status = request ? check_model(request->fields.model, state) : Status(request.error());
  if (!status) {
    Response response = error_response(status.error());
    co_await exchange.reply(std::move(response));
    co_return;
  }
  Result<std::vector<std::vector<engine::TokenId>>> prompts =
      co_await encode_prompts(state, std::move(request->prompts));
  if (!prompts) {
    Response response = error_response(prompts.error(), "context_length_exceeded");
    co_await exchange.reply(std::move(response));
    co_return;
  }
  const CompletionShape shape(make_envelope("cmpl-", state), state.services.tokenizer, request->fields.logprobs,
                              request->fields.include_usage);
  Job job{std::move(*prompts), std::move(request->fields), "prompt", "POST /v1/completions"};
  co_await generate(exchange, state, std::move(job), shape);
}

}  // namespace quern::server

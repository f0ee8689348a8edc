// POST /v1/completions. Errors: 400 bad JSON or value, 404 another model, 429 queue full, 503 draining.
#include "engine/tokenizer/utf8.hpp"
#include "server/api/constrain.hpp"
#include "server/api/endpoints.hpp"
#include "server/api/fill_in.hpp"
#include "server/api/generate.hpp"
#include "server/api/openai/completion_writer.hpp"
#include "server/api/openai/completions_json.hpp"
#include "server/api/remote_ask.hpp"

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

struct Work {
  Prepared prepared;
  std::vector<std::string> echoes;
  bool lists_prompt = false;
};

// The texts of the prompts, where they are to be repeated.
Result<std::vector<std::string>> echo_texts(const std::vector<PromptInput>& prompts, Effort& effort) {
  std::vector<std::string> out;
  std::uint64_t n_bytes = 0;
  for (const PromptInput& prompt : prompts) {
    const auto* tokens = std::get_if<std::vector<engine::TokenId>>(&prompt);
    n_bytes += tokens == nullptr ? std::get<std::string>(prompt).size()
                                 : tokens->size() * std::uint64_t{effort.model().longest_token_bytes};
    QUERN_CHECK(effort.hold(n_bytes));
    out.push_back(tokens == nullptr ? std::get<std::string>(prompt)
                                    : engine::replace_invalid_bytes(effort.model().tokenizer->decode(*tokens, false)));
  }
  return out;
}

// For models elsewhere, which have no use for this one's tokens. Errors: unsupported naming the field.
Status add_ask(Prepared& out, const CompletionRequest& request, Effort& effort) {
  const models::ServedModel& model = effort.model();
  if (!model.takes_asks) return {};
  if (!request.suffix.empty()) return model.is_local() ? Status() : only_here("suffix", model);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < request.prompts.size(); ++i) {
    const auto* const text = std::get_if<std::string>(&request.prompts[i]);
    if (text == nullptr && model.is_local()) return {};
    if (text == nullptr) return only_here(prompt_path("prompt", i, request.prompts.size()), model);
    texts.push_back(*text);
  }
  out.ask = ask_of(std::move(texts), out.fields, effort);
  return {};
}

Result<Work> prepare_completion(const Document& document, Effort& effort) {
  QUERN_TRY(CompletionRequest request, parse_completion_request(document, effort.rules()));
  const bool is_local = effort.model().is_local();
  Work out{
      .prepared = {.fields = std::move(request.fields), .prompt_field = "prompt", .endpoint = "POST /v1/completions"},
      .echoes = {},
      .lists_prompt = request.lists_prompt};
  QUERN_CHECK(add_ask(out.prepared, request, effort));
  if (request.echo) {
    QUERN_TRY(out.echoes, echo_texts(request.prompts, effort));
    for (const std::string& text : out.echoes) out.prepared.n_kept_bytes += text.size();
  }
  if (!is_local) return out;
  QUERN_CHECK(constrain(out.prepared, effort));
  if (request.suffix.empty()) {
    QUERN_CHECK(add_prompts(out.prepared, std::move(request.prompts), effort));
    return out;
  }
  const FillFields names{.prefix = "prompt", .suffix = "suffix", .files = {}};
  for (PromptInput& prompt : request.prompts) {
    FillIn what{.prefix = {}, .suffix = request.suffix};
    what.prefix.push_back(std::move(prompt));
    QUERN_CHECK(add_fill_in(out.prepared, what, names, effort));
  }
  return out;
}

std::shared_ptr<AnswerWriter> writer_of(const models::ServedModel& model, Work& work) {
  const GenerationFields& fields = work.prepared.fields;
  auto writer = std::make_shared<CompletionWriter>(make_envelope("cmpl-", model.id), fields.logprobs.wanted,
                                                   fields.include_usage, fields.timings);
  writer->set_echoes(std::move(work.echoes));
  writer->set_alternatives(fields.logprobs.n_top > 0);
  writer->set_lists_prompt(work.lists_prompt);
  return writer;
}

}  // namespace

net::awaitable<void> post_completions(Exchange& exchange, ServerState& state) {
  co_await understand_and_generate<Work>(exchange, state, &prepare_completion, &writer_of, Place::anywhere);
}

}  // namespace quern::server

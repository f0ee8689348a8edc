// POST /completion, /completions and /infill. Errors: 400 bad JSON or value, 404 another model, 429 line full, 503
// draining.
#include "engine/tokenizer/utf8.hpp"
#include "server/api/constrain.hpp"
#include "server/api/endpoints.hpp"
#include "server/api/generate.hpp"
#include "server/api/llama_server/completion_json.hpp"
#include "server/api/llama_server/completion_writer.hpp"

#include <utility>

#include <boost/json/serialize.hpp>

namespace quern::server {
namespace {

struct Work {
  Prepared prepared;
  NativeFacts facts;
};

// Only what a text begins with gets the tokens that begin one.
Status add_parts(Prepared& out, std::vector<PromptInput> parts, const std::string& field, Effort& effort) {
  std::vector<engine::TokenId> tokens;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (const auto* ids = std::get_if<std::vector<engine::TokenId>>(&parts[i])) {
      tokens.insert(tokens.end(), ids->begin(), ids->end());
      continue;
    }
    const std::string& text = std::get<std::string>(parts[i]);
    if (const Status fits = effort.fits_context(text, field); !fits) {
      out.too_long = fits.error();
      return {};
    }
    QUERN_TRY(const std::vector<engine::TokenId> found,
              effort.encode(text, {.add_special = i == 0, .parse_special = true}, field));
    tokens.insert(tokens.end(), found.begin(), found.end());
  }
  out.prompts.push_back(std::move(tokens));
  return {};
}

constexpr std::uint64_t kTokenBytes = 8;  // of text, as far as one can tell before

// What the answer will say of its request.
Result<Work> with_facts(Prepared prepared, Effort& effort) {
  Work out;
  std::uint64_t n_tokens = 0;
  for (const auto& prompt : prepared.prompts) n_tokens += prompt.size();
  QUERN_CHECK(effort.hold(n_tokens * kTokenBytes));
  if (!prepared.too_long) {
    for (const auto& prompt : prepared.prompts) {
      out.facts.prompts.push_back(engine::replace_invalid_bytes(effort.model().tokenizer->decode(prompt, true)));
      prepared.n_kept_bytes += out.facts.prompts.back().size();
      QUERN_CHECK(effort.hold(prepared.n_kept_bytes));
    }
  }
  const GenerationFields& fields = prepared.fields;
  out.facts.model = effort.model().id;
  out.facts.settings = json::serialize(native_settings(fields));
  out.facts.logprobs = fields.logprobs;
  out.facts.tokens = fields.tokens;
  out.facts.timings = fields.timings;
  out.prepared = std::move(prepared);
  return out;
}

Result<Work> prepare_native(const Document& document, Effort& effort) {
  QUERN_TRY(NativeRequest request, parse_native_request(document, effort.rules()));
  Prepared out{.fields = std::move(request.fields), .prompt_field = "prompt", .endpoint = "POST /completion"};
  QUERN_CHECK(constrain(out, effort));
  const bool one = request.prompts.size() == 1;
  for (std::size_t i = 0; i < request.prompts.size() && !out.too_long; ++i) {
    QUERN_CHECK(add_parts(out, std::move(request.prompts[i]), one ? "prompt" : fmt::format("prompt[{}]", i), effort));
  }
  return with_facts(std::move(out), effort);
}

Result<Work> prepare_infill(const Document& document, Effort& effort) {
  QUERN_TRY(InfillRequest request, parse_infill_request(document, effort.rules()));
  Prepared out{.fields = std::move(request.fields), .prompt_field = "input_prefix", .endpoint = "POST /infill"};
  const FillFields names{.prefix = "input_prefix", .suffix = "input_suffix", .files = "input_extra"};
  QUERN_CHECK(constrain(out, effort));
  QUERN_CHECK(add_fill_in(out, request.what, names, effort));
  return with_facts(std::move(out), effort);
}

std::shared_ptr<AnswerWriter> writer_of(const models::ServedModel&, Work& work) {
  return std::make_shared<NativeWriter>(std::move(work.facts));
}

}  // namespace

net::awaitable<void> post_native_completion(Exchange& exchange, ServerState& state) {
  co_await understand_and_generate<Work>(exchange, state, &prepare_native, &writer_of);
}

net::awaitable<void> post_infill(Exchange& exchange, ServerState& state) {
  co_await understand_and_generate<Work>(exchange, state, &prepare_infill, &writer_of);
}

}  // namespace quern::server

#include "server/api/openai/embeddings_json.hpp"

#include <string>

namespace quern::server {
namespace {

void read_truncation(JsonFields& fields, TooLong& out, std::uint32_t most) {
  bool truncate = false;
  if (fields.read("truncate", truncate) && truncate) out = TooLong::truncate;
  std::int32_t n = -1;
  if (!fields.read("truncate_prompt_tokens", n)) return;
  if (n != -1 && std::int64_t{n} != most) {
    fields.refuse("truncate_prompt_tokens",
                  fmt::format("must be -1 or {}, the tokens of a text that this model takes, found {}", most, n));
  }
  out = TooLong::truncate;
}

}  // namespace

Result<EmbeddingsRequest> parse_embeddings_request(const Document& document, const RequestRules& rules,
                                                   const VectorBounds& bounds) {
  JsonFields fields(document.root, "", rules.unknown);
  EmbeddingsRequest out;
  out.shape.n_values = bounds.width;
  fields.ignore({"model", "user", "safety_identifier"});
  read_prompts(fields, "input", rules.limits.max_texts, rules.n_vocab, out.inputs);
  std::string format = "float";
  if (fields.read("encoding_format", format) && format != "float" && format != "base64") {
    fields.refuse("encoding_format", fmt::format("expected \"float\" or \"base64\", found {}",
                                                 describe(json::value(json::string(format)))));
  }
  out.shape.base64 = format == "base64";
  fields.read("dimensions", out.shape.n_values, 1, bounds.width);
  read_truncation(fields, out.too_long, bounds.max_tokens);
  read_scheduling(fields, rules.limits, out.scheduling);
  QUERN_CHECK(fields.finish());
  return out;
}

}  // namespace quern::server

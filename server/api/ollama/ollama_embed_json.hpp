// POST /api/embed and /api/embeddings as plain data. Pure. Threads: any.
// Source: Ollama's API reference, "Generate Embeddings" and "Generate Embedding".
#pragma once

#include "server/api/vectors/texts.hpp"
#include "server/api/vectors/vectors.hpp"
#include "server/pipeline/document.hpp"

#include <string>
#include <vector>

namespace quern::server {

struct OllamaEmbedRequest {
  std::vector<std::string> texts;  // none: the model is only looked for
  TooLong too_long = TooLong::truncate;
  std::uint32_t n_values = 0;  // of each vector
  std::string model;           // as the request names it
  GenerationFields scheduling;
};

// width: values of the model's vectors. Errors: bad_input naming the field.
Result<OllamaEmbedRequest> parse_ollama_embed(const Document& document, const RequestRules& rules, std::uint32_t width);
Result<OllamaEmbedRequest> parse_ollama_embeddings(const Document& document, const RequestRules& rules,
                                                   std::uint32_t width);

}  // namespace quern::server

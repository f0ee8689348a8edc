// POST /v1/embeddings as plain data. Pure. Threads: any.
// Source: the OpenAI API reference, "Embeddings"; `truncate` as text-embeddings-inference has it,
// truncate_prompt_tokens as vLLM has it.
#pragma once

#include "server/api/prompt_json.hpp"
#include "server/api/vectors/texts.hpp"
#include "server/api/vectors/vectors.hpp"
#include "server/pipeline/document.hpp"

#include <vector>

namespace quern::server {

struct VectorShape {
  bool base64 = false;
  std::uint32_t n_values = 0;  // of each vector, which is cut to so many and is of unit length then
};

struct EmbeddingsRequest {
  std::vector<PromptInput> inputs;
  TooLong too_long = TooLong::refuse;
  GenerationFields scheduling;
  VectorShape shape;
};

// What a parser has to know of a model.
struct VectorBounds {
  std::uint32_t width = 1;       // values of its vectors
  std::uint32_t max_tokens = 1;  // of a text
};

// Errors: bad_input naming the field.
Result<EmbeddingsRequest> parse_embeddings_request(const Document& document, const RequestRules& rules,
                                                   const VectorBounds& bounds);

}  // namespace quern::server

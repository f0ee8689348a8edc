// POST /v1/completions as plain data. Pure. Threads: any.
// Source: the OpenAI API reference, "Completions (legacy)"; sampling extensions named as llama-server names them.
#pragma once

#include "server/api/generation_json.hpp"
#include "server/api/prompt_json.hpp"
#include "server/pipeline/document.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace quern::server {

struct CompletionRequest {
  std::vector<PromptInput> prompts;  // at least one; prompts * n is within max_choices
  GenerationFields fields;
  bool echo = false;          // the prompt's text before the answer
  bool lists_prompt = false;  // what the model thought of the prompt, apart from the answer
  std::string suffix;         // what stands behind the answer; empty: nothing
};

// Errors: bad_input or unsupported, naming the field.
Result<CompletionRequest> parse_completion_request(const Document& document, const RequestRules& rules);

}  // namespace quern::server

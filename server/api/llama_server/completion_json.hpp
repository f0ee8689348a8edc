// POST /completion and /infill as plain data. Pure. Threads: any. Fields as llama-server names them.
#pragma once

#include "server/api/fill_in.hpp"
#include "server/api/generation_json.hpp"
#include "server/api/prompt_json.hpp"
#include "server/pipeline/document.hpp"

#include <vector>

namespace quern::server {

struct NativeRequest {
  // Each prompt in parts: [1, 2, "text", 3] is one of three. At least one; prompts * n is within max_choices.
  std::vector<std::vector<PromptInput>> prompts;
  GenerationFields fields;
};
struct InfillRequest {
  FillIn what;
  GenerationFields fields;
};

// Errors: bad_input or unsupported, naming the field.
Result<NativeRequest> parse_native_request(const Document& document, const RequestRules& rules);
Result<InfillRequest> parse_infill_request(const Document& document, const RequestRules& rules);

}  // namespace quern::server

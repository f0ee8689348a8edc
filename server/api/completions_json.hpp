// POST /v1/completions as plain data, and the JSON of its answers. Pure. Threads: any.
// Source: the OpenAI API reference, "Completions (legacy)"; sampling extensions named as llama-server names them.
#pragma once

#include "server/api/answer_shape.hpp"
#include "server/api/generation_json.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace quern::server {

using PromptInput = std::variant<std::string, std::vector<engine::TokenId>>;

struct CompletionRequest {
  std::vector<PromptInput> prompts;  // at least one; prompts * n is within max_choices
  GenerationFields fields;
};

// Errors: bad_input or unsupported, naming the field.
Result<CompletionRequest> parse_completion_request(std::string_view body, const RequestRules& rules);

class CompletionShape final : public AnswerShape {
 public:
  using AnswerShape::AnswerShape;
  std::string opening(std::uint32_t) const override { return {}; }
  std::string chunk(const Delta& delta) const override;
  std::string closing(const Delta& delta) const override;
  std::string whole(std::span<const WholeChoice> choices, const Usage& usage) const override;

 private:
  std::string_view chunk_object() const override { return "text_completion"; }
  std::string choice_fields(std::string_view text, std::span<const TokenLogprob> logprobs,
                            sched::FinishReason finish) const;
};

}  // namespace quern::server

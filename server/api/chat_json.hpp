// POST /v1/chat/completions as plain data, and the JSON of its answers. Pure. Threads: any.
// Source: the OpenAI API reference, "Chat Completions"; sampling extensions named as llama-server names them.
#pragma once

#include "server/api/answer_shape.hpp"
#include "server/api/generation_json.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace quern::server {

struct ChatRequest {
  json::array messages;             // as read_messages() leaves them
  json::value tools;                // an array, or null
  json::object template_variables;  // chat_template_kwargs, tool_choice, reasoning_effort
  WideIntegers wide_integers;       // what numbers in the three stand for
  bool add_generation_prompt = true;
  bool forces_tools = false;  // tool_choice asks for a call
  GenerationFields fields;
};

// Errors: bad_input or unsupported, naming the field, e.g. messages[2].content[0].type.
Result<ChatRequest> parse_chat_request(std::string_view body, const RequestRules& rules);

class ChatShape final : public AnswerShape {
 public:
  using AnswerShape::AnswerShape;
  std::string opening(std::uint32_t choice) const override;
  std::string chunk(const Delta& delta) const override;
  std::string closing(const Delta& delta) const override;
  std::string whole(std::span<const WholeChoice> choices, const Usage& usage) const override;

 private:
  std::string_view chunk_object() const override { return "chat.completion.chunk"; }
  std::string logprobs_json(std::span<const TokenLogprob> logprobs) const;
};

}  // namespace quern::server

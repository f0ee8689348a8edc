// The requests of Ollama's API as plain data. Pure. Threads: any.
// Source: Ollama's API reference and the requests of its clients; fields that Ollama ignores are ignored here.
#pragma once

#include "server/api/chat_turn.hpp"
#include "server/pipeline/document.hpp"

#include <string>

namespace quern::server {

// What both endpoints that generate have besides the conversation.
struct OllamaRequest {
  ChatTurn turn;
  bool raw = false;      // generate: the prompt is for the model as it is
  std::string prompt;    // of a raw request, and of one with a suffix
  std::string suffix;    // generate: what stands behind the answer; no chat template then
  bool nothing = false;  // no prompt, no messages: the client wants the model loaded
};

// Errors: bad_input or unsupported, naming the field, e.g. messages[2].images.
Result<OllamaRequest> parse_ollama_chat(const Document& document, const RequestRules& rules);
Result<OllamaRequest> parse_ollama_generate(const Document& document, const RequestRules& rules);

}  // namespace quern::server

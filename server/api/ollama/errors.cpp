// {"error": "text"}: what Ollama's clients show. Source: Ollama's API reference; ollama-js throws the text.
#include "server/api/dialect.hpp"
#include "server/api/json_document.hpp"

#include <fmt/format.h>

namespace quern::server {
namespace {

// The words by which clients recognise a prompt that is too long.
std::string message_of(const HttpError& error) {
  if (!error.overflow) return error.message;
  const ContextOverflow& o = *error.overflow;
  const std::string by = o.n_prompt > o.n_context ? fmt::format(" by {} tokens", o.n_prompt - o.n_context) : "";
  return fmt::format("prompt too long; exceeded max context length{}: {}", by, error.message);
}

std::string error_body(const HttpError& error) {
  std::string out = "{\"error\":";
  append_json_string(out, message_of(error));
  return out + '}';
}

}  // namespace

const Dialect kOllama{.name = "ollama", .error_body = &error_body, .other_model_field = "name", .keep_alive = true};

}  // namespace quern::server

// {"error": "text"}: what Ollama's clients show. Source: Ollama's API reference; ollama-js throws the text.
#include "server/api/dialect.hpp"
#include "server/api/frames.hpp"
#include "server/api/json_document.hpp"
#include "server/api/ollama/ollama_writer.hpp"

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

// A line without a word: clients show nothing of it.
void waiting(std::string_view path, std::string_view model, std::string& out) {
  const auto kind = path.ends_with("/chat") ? OllamaWriter::Kind::chat : OllamaWriter::Kind::generate;
  OllamaWriter(kind, std::string(model), false).silence(out);
}

void stream_error(std::string_view, const HttpError& error, std::string& out) {
  append_line(out, error_body(error));
}

}  // namespace

const Dialect kOllama{.name = "ollama",
                      .error_body = &error_body,
                      .other_model_field = "name",
                      .keep_alive = true,
                      .stream_type = "application/x-ndjson",
                      .streams_unasked = true,
                      .waiting = &waiting,
                      .stream_error = &stream_error};

}  // namespace quern::server

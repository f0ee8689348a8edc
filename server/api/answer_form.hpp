// What form a request wants its answer in, in the words of each dialect. Pure: JSON in, plain data or an error naming
// the field out. Threads: any.
#pragma once

#include "server/api/json_fields.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quern::server {

struct AnswerForm {
  enum class Kind : std::uint8_t { free, json_object, json_schema, regex, choice, gbnf };
  Kind kind = Kind::free;
  json::value schema;                // of json_schema
  bool strict = false;               // what cannot be enforced of it is an error, not a note
  std::string text;                  // a regular expression, or a grammar
  std::vector<std::string> choices;  // one of these texts
  std::string field;                 // where it stands in the request
  // How JSON is written; the defaults leave both to the model.
  std::string whitespace = "flexible";  // "flexible", "single", "compact"
  bool ordered = false;                 // properties in the order of the schema

  bool is_free() const noexcept { return kind == Kind::free; }
};

// OpenAI's response_format: text, json_object, json_schema {"name", "schema", "strict"}; further in the schema's entry:
// "whitespace" and "property_order". llama-server has the schema in "schema" of the format itself.
void read_response_format(JsonFields& fields, std::string_view key, AnswerForm& out);
// Ollama's format: "json", or a schema.
void read_ollama_format(JsonFields& fields, AnswerForm& out);
// The fields of llama-server and vLLM: grammar, json_schema, guided_*, structured_outputs.
void read_guided(JsonFields& fields, AnswerForm& out);
// A schema that stands in `value`, read at `key`.
void set_schema(JsonFields& fields, std::string_view key, const json::value& value, bool strict, AnswerForm& out);

}  // namespace quern::server

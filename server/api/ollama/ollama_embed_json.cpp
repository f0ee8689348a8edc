#include "server/api/ollama/ollama_embed_json.hpp"

namespace quern::server {
namespace {

std::string text_of(const json::value& value) {
  return {value.get_string().data(), value.get_string().size()};
}

// A text, or an array of texts; "" and none are no text: then the model is only looked for.
void read_input(JsonFields& fields, const RequestRules& rules, std::vector<std::string>& out) {
  const json::value* input = fields.value("input");
  if (input == nullptr) return;
  if (input->is_string()) {
    if (!input->get_string().empty()) out.push_back(text_of(*input));
    return;
  }
  const json::array* texts = input->if_array();
  if (texts == nullptr)
    return fields.refuse("input", fmt::format("expected a string or an array of strings, found {}", describe(*input)));
  if (texts->size() > rules.limits.max_texts) {
    return fields.refuse("input",
                         fmt::format("expected at most {} texts, found {}", rules.limits.max_texts, texts->size()));
  }
  for (std::size_t i = 0; i < texts->size() && !fields.failed(); ++i) {
    const json::value& text = (*texts)[i];
    if (text.is_string()) {
      out.push_back(text_of(text));
    } else {
      fields.refuse(fmt::format("input[{}]", i), fmt::format("expected a string, found {}", describe(text)));
    }
  }
}

// How Ollama would run the model, and what it would sample with: neither is of use for vectors.
void read_common(JsonFields& fields, const RequestRules& rules, OllamaEmbedRequest& out) {
  fields.read("model", out.model);
  fields.ignore({"name", "keep_alive"});
  if (const json::value* options = fields.value("options"); options != nullptr && !options->is_object())
    fields.refuse("options", fmt::format("expected an object, found {}", describe(*options)));
  read_scheduling(fields, rules.limits, out.scheduling);
}

}  // namespace

Result<OllamaEmbedRequest> parse_ollama_embed(const Document& document, const RequestRules& rules,
                                              std::uint32_t width) {
  JsonFields fields(document.root, "", rules.unknown);
  OllamaEmbedRequest out{.n_values = width};
  read_input(fields, rules, out.texts);
  bool truncate = true;
  if (fields.read("truncate", truncate) && !truncate) out.too_long = TooLong::refuse;
  std::uint32_t dimensions = 0;
  if (fields.read("dimensions", dimensions, 0, width) && dimensions != 0) out.n_values = dimensions;
  read_common(fields, rules, out);
  QUERN_CHECK(fields.finish());
  return out;
}

Result<OllamaEmbedRequest> parse_ollama_embeddings(const Document& document, const RequestRules& rules,
                                                   std::uint32_t width) {
  JsonFields fields(document.root, "", rules.unknown);
  OllamaEmbedRequest out{.n_values = width};
  std::string prompt;
  fields.read("prompt", prompt);
  read_common(fields, rules, out);
  QUERN_CHECK(fields.finish());
  if (!prompt.empty()) out.texts.push_back(std::move(prompt));
  return out;
}

}  // namespace quern::server

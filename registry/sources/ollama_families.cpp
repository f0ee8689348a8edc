#include "registry/sources/ollama_families.hpp"

#include "registry/sources/content_digest.hpp"
#include "registry/sources/outside_json.hpp"

#include <algorithm>

namespace quern::registry::sources {
namespace {

namespace json = boost::json;

// Source: the list of translations in Ollama's loader (formats of 2026).
constexpr std::string_view kTranslated[] = {
    "gemma3",
    "embeddinggemma",
    "gemma3n",
    "gemma4",
    "gptoss",
    "gpt-oss",
    "lfm2",
    "olmo3",
    "mistral3",
    "qwen35",
    "qwen35moe",
    "qwen3next",
    "qwen25vl",
    "qwen3vl",
    "qwen3vlmoe",
    "deepseekocr",
    "glmocr",
    "glm4moelite",
    "laguna",
    "nemotron_h_moe",
    "nemotron_h_omni",
    "snowflake-arctic-embed2",
    "llama4",
};
constexpr std::size_t kMaxFamilies = 32;

}  // namespace

Result<OllamaConfig> read_ollama_config(std::string_view text) {
  QUERN_TRY(const json::object object, parse_outside_object(text, "config of the model"));
  OllamaConfig out;
  out.format = text_or_empty(object, "model_format");
  out.quant = text_or_empty(object, "file_type");
  out.size = text_or_empty(object, "model_type");
  out.remote_host = text_or_empty(object, "remote_host");
  if (std::string family = text_or_empty(object, "model_family"); !family.empty())
    out.families.push_back(std::move(family));
  if (const json::array* const families = array_or_null(object, "model_families")) {
    for (const json::value& family : *families) {
      if (out.families.size() >= kMaxFamilies) break;
      if (family.is_string()) out.families.emplace_back(family.get_string());
    }
  }
  return out;
}

Status check_readable(const OllamaConfig& config, std::string_view name) {
  if (!config.remote_host.empty()) {
    return fail(Errc::unsupported, "{}: this name stands for a model that runs at {}; there is nothing to download",
                name, quoted(config.remote_host));
  }
  if (!config.format.empty() && config.format != "gguf") {
    return fail(Errc::unsupported, "{}: want a model in GGUF, found one in {}; take one from hf.co/ORG/NAME-GGUF", name,
                quoted(config.format));
  }
  for (const std::string& family : config.families) {
    if (std::ranges::find(kTranslated, family) == std::end(kTranslated)) continue;
    return fail(
        Errc::unsupported,
        "{}: files of the family {} in this registry are in a form that only Ollama reads (it translates them when "
        "it loads them); take the same model from hf.co/ORG/NAME-GGUF",
        name, quoted(family));
  }
  return {};
}

}  // namespace quern::registry::sources

#include "server/api/llama_server/completion_json.hpp"

#include "server/api/sampling_json.hpp"

#include <algorithm>
#include <utility>

namespace quern::server {
namespace {

// Alternatives of a token at most: tools that draw pictures of distributions ask for many.
constexpr std::uint32_t kMostProbs = 100;
static_assert(kMostProbs <= engine::sampling::kTopTokensMax);

void read_native_fields(JsonFields& fields, const RequestRules& rules, GenerationFields& out) {
  read_generation_fields(fields, rules, out);
  std::uint32_t n = 1;
  if (fields.read("n_cmpl", n, 1, rules.limits.max_choices)) out.n = n;
  read_n_top(fields, "logprobs", out.logprobs, kMostProbs);
  read_n_top(fields, "n_probs", out.logprobs, kMostProbs);
  out.logprobs.wanted = out.logprobs.n_top > 0;
  fields.read("post_sampling_probs", out.logprobs.after_stages);
  fields.read("return_tokens", out.tokens);
  std::int32_t slot = -1;
  fields.read("id_slot", slot);  // any place will do: what is computed already is found from all of them
  fields.ignore({"n_keep", "n_discard", "n_cache_reuse", "sse_ping_interval", "backend_sampling", "grammar_lazy"});
  fields.unsupported({"n_indent", "response_fields", "grammar_triggers", "preserved_tokens", "image_data"});
}

// A string, or an array of token ids and strings.
std::vector<PromptInput> read_parts(JsonFields& fields, const RequestRules& rules, const std::string& field,
                                    const json::value& value) {
  std::vector<PromptInput> out;
  if (const json::string* text = value.if_string()) {
    out.emplace_back(std::string(text->data(), text->size()));
    return out;
  }
  const json::array* array = value.if_array();
  if (array == nullptr) {
    fields.refuse(field,
                  fmt::format("expected a string or an array of token ids and strings, found {}", describe(value)));
    return out;
  }
  if (array->empty()) fields.refuse(field, "has no tokens, expected at least one");
  for (std::size_t i = 0; i < array->size() && !fields.failed(); ++i) {
    const json::value& item = (*array)[i];
    if (const json::string* text = item.if_string()) {
      out.emplace_back(std::string(text->data(), text->size()));
      continue;
    }
    if (!item.is_int64() || item.get_int64() < 0 || item.get_int64() >= rules.n_vocab) {
      fields.refuse(fmt::format("{}[{}]", field, i), fmt::format("expected a token id between 0 and {} or a string, "
                                                                 "found {}",
                                                                 rules.n_vocab - 1, describe(item)));
      break;
    }
    if (out.empty() || std::holds_alternative<std::string>(out.back()))
      out.emplace_back(std::vector<engine::TokenId>());
    std::get<std::vector<engine::TokenId>>(out.back()).push_back(static_cast<engine::TokenId>(item.get_int64()));
  }
  return out;
}

// An array with a number in it is one prompt; one of strings and arrays is several.
bool is_several(const json::value& prompt) noexcept {
  const json::array* array = prompt.if_array();
  return array != nullptr && !array->empty() &&
         std::ranges::none_of(*array, [](const json::value& item) { return item.is_number(); });
}

void read_prompts(JsonFields& fields, const RequestRules& rules, NativeRequest& out) {
  const json::value* prompt = fields.value("prompt");
  if (prompt == nullptr) return fields.refuse("prompt", "missing; expected a string or an array");
  if (prompt->is_object()) {
    return fields.refuse_unsupported("prompt",
                                     "this model sees no images and hears no sounds; expected text or tokens");
  }
  if (!is_several(*prompt)) {
    out.prompts.push_back(read_parts(fields, rules, "prompt", *prompt));
    return;
  }
  const json::array& prompts = prompt->get_array();
  if (prompts.size() > rules.limits.max_choices) {
    return fields.refuse("prompt",
                         fmt::format("expected 1 to {} prompts, found {}", rules.limits.max_choices, prompts.size()));
  }
  for (std::size_t i = 0; i < prompts.size() && !fields.failed(); ++i) {
    out.prompts.push_back(read_parts(fields, rules, fmt::format("prompt[{}]", i), prompts[i]));
  }
}

// [{"filename", "text"}]
void read_files(JsonFields& fields, const ServerLimits& limits, std::vector<FileText>& out) {
  const json::array* files = fields.array("input_extra");
  if (files == nullptr) return;
  if (files->size() > limits.max_messages) {
    return fields.refuse("input_extra",
                         fmt::format("at most {} files are allowed, found {}", limits.max_messages, files->size()));
  }
  for (std::size_t i = 0; i < files->size() && !fields.failed(); ++i) {
    const std::string path = fmt::format("input_extra[{}]", i);
    const json::object* object = (*files)[i].if_object();
    if (object == nullptr) {
      return fields.refuse(path, fmt::format("expected an object, found {}", describe((*files)[i])));
    }
    JsonFields file(fields, *object, path);
    FileText read{.name = "tmp", .text = {}};
    file.read("filename", read.name);
    if (!file.read("text", read.text)) file.refuse("text", "missing; expected a string");
    if (const Status status = file.finish(); !status) return fields.refuse(status.error());
    out.push_back(std::move(read));
  }
}

}  // namespace

Result<NativeRequest> parse_native_request(const Document& document, const RequestRules& rules) {
  NativeRequest out;
  JsonFields fields(document.root, "", rules.unknown);
  read_prompts(fields, rules, out);
  read_native_fields(fields, rules, out.fields);
  if (out.prompts.size() * out.fields.n > rules.limits.max_choices) {
    fields.refuse("n", fmt::format("{} prompts times n = {} is more than {} choices", out.prompts.size(), out.fields.n,
                                   rules.limits.max_choices));
  }
  QUERN_CHECK(finish_fields(fields, rules, out.fields));
  return out;
}

Result<InfillRequest> parse_infill_request(const Document& document, const RequestRules& rules) {
  InfillRequest out;
  JsonFields fields(document.root, "", rules.unknown);
  std::string prefix;
  if (!fields.read("input_prefix", prefix)) fields.refuse("input_prefix", "missing; expected a string");
  if (!fields.read("input_suffix", out.what.suffix)) fields.refuse("input_suffix", "missing; expected a string");
  out.what.prefix.emplace_back(std::move(prefix));
  if (const json::value* prompt = fields.value("prompt")) {
    for (PromptInput& part : read_parts(fields, rules, "prompt", *prompt)) out.what.prefix.push_back(std::move(part));
  }
  read_files(fields, rules.limits, out.what.files);
  read_native_fields(fields, rules, out.fields);
  QUERN_CHECK(finish_fields(fields, rules, out.fields));
  return out;
}

}  // namespace quern::server

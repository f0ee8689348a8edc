#include "server/api/prompt_json.hpp"

#include <utility>

namespace quern::server {
namespace {

bool is_token_array(const json::value& value) noexcept {
  return value.is_array() && !value.get_array().empty() && value.get_array()[0].is_number();
}

}  // namespace

std::optional<std::vector<engine::TokenId>> read_tokens(JsonFields& fields, const std::string& field,
                                                        const json::array& array, std::uint32_t n_vocab) {
  std::vector<engine::TokenId> tokens;
  tokens.reserve(array.size());
  for (std::size_t i = 0; i < array.size(); ++i) {
    const json::value& item = array[i];
    if (!item.is_int64() || item.get_int64() < 0 || item.get_int64() >= n_vocab) {
      fields.refuse(fmt::format("{}[{}]", field, i),
                    fmt::format("expected a token id between 0 and {}, found {}", n_vocab - 1, describe(item)));
      return std::nullopt;
    }
    tokens.push_back(static_cast<engine::TokenId>(item.get_int64()));
  }
  return tokens;
}

namespace {

void read_prompt(JsonFields& fields, const std::string& field, const json::value& value, std::uint32_t n_vocab,
                 std::vector<PromptInput>& out) {
  if (value.is_string()) {
    out.emplace_back(std::string(value.get_string().data(), value.get_string().size()));
  } else if (is_token_array(value)) {
    if (auto tokens = read_tokens(fields, field, value.get_array(), n_vocab)) out.emplace_back(std::move(*tokens));
  } else if (value.is_array() && value.get_array().empty()) {
    fields.refuse(field, "has no tokens, expected at least one");
  } else {
    fields.refuse(field, fmt::format("expected a string or an array of token ids, found {}", describe(value)));
  }
}

}  // namespace

void read_prompts(JsonFields& fields, std::string_view key, std::uint32_t most, std::uint32_t n_vocab,
                  std::vector<PromptInput>& out) {
  const std::string field(key);
  const json::value* prompt = fields.value(key);
  if (prompt == nullptr) return fields.refuse(field, "missing; expected a string or an array of token ids");
  if (!prompt->is_array() || is_token_array(*prompt)) return read_prompt(fields, field, *prompt, n_vocab, out);
  const json::array& prompts = prompt->get_array();
  if (prompts.empty() || prompts.size() > most)
    return fields.refuse(field, fmt::format("expected 1 to {} of them, found {}", most, prompts.size()));
  for (std::size_t i = 0; i < prompts.size() && !fields.failed(); ++i)
    read_prompt(fields, fmt::format("{}[{}]", field, i), prompts[i], n_vocab, out);
}

std::string prompt_path(std::string_view key, std::size_t index, std::size_t n) {
  return n == 1 ? std::string(key) : fmt::format("{}[{}]", key, index);
}

}  // namespace quern::server

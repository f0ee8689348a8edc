#include "server/api/prompt_json.hpp"

#include <utility>

namespace quern::server {

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

}  // namespace quern::server

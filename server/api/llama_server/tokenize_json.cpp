#include "server/api/llama_server/tokenize_json.hpp"

#include "engine/tokenizer/utf8.hpp"

#include <iterator>

namespace quern::server {
namespace {

void append_piece(std::string& out, engine::TokenId token, const engine::Tokenizer& tokenizer) {
  const std::string piece = tokenizer.piece(token, true);
  fmt::format_to(std::back_inserter(out), "{{\"id\":{},\"piece\":", token);
  if (engine::is_valid_utf8(piece)) {
    append_json_string(out, piece);
  } else {
    out += '[';
    for (const char c : piece) {
      if (out.back() != '[') out += ',';
      fmt::format_to(std::back_inserter(out), "{}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
    out += ']';
  }
  out += '}';
}

}  // namespace

Result<TokenizeRequest> parse_tokenize_request(const Document& document, const RequestRules& rules) {
  JsonFields fields(document.root, "", rules.unknown);
  fields.ignore({"model"});
  TokenizeRequest request;
  if (!fields.read("content", request.content)) fields.refuse("content", "missing; expected a string");
  fields.read("add_special", request.options.add_special);
  fields.read("parse_special", request.options.parse_special);
  fields.read("with_pieces", request.with_pieces);
  QUERN_CHECK(fields.finish());
  return request;
}

std::string tokenize_json(std::span<const engine::TokenId> tokens, bool with_pieces,
                          const engine::Tokenizer& tokenizer) {
  std::string out = "{\"tokens\":[";
  for (const engine::TokenId token : tokens) {
    if (out.back() != '[') out += ',';
    if (with_pieces) {
      append_piece(out, token, tokenizer);
    } else {
      fmt::format_to(std::back_inserter(out), "{}", token);
    }
  }
  return out + "]}";
}

Result<std::vector<engine::TokenId>> parse_detokenize_request(const Document& document, const RequestRules& rules) {
  JsonFields fields(document.root, "", rules.unknown);
  fields.ignore({"model"});
  std::vector<engine::TokenId> tokens;
  const json::array* array = fields.array("tokens");
  if (array == nullptr) fields.refuse("tokens", "missing; expected an array of token ids");
  for (std::size_t i = 0; array != nullptr && i < array->size() && !fields.failed(); ++i) {
    const json::value& item = (*array)[i];
    if (item.is_int64() && item.get_int64() >= 0 && item.get_int64() < rules.n_vocab) {
      tokens.push_back(static_cast<engine::TokenId>(item.get_int64()));
    } else {
      fields.refuse(fmt::format("tokens[{}]", i),
                    fmt::format("expected a token id between 0 and {}, found {}", rules.n_vocab - 1, describe(item)));
    }
  }
  QUERN_CHECK(fields.finish());
  return tokens;
}

}  // namespace quern::server

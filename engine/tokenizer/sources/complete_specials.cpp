#include "engine/tokenizer/sources/json_reader.hpp"
#include "engine/tokenizer/sources/source.hpp"

#include <array>

namespace quern::engine {
namespace {

struct Role {
  const char* config_field;
  const char* gguf_key;
  TokenId SpecialTokens::*id;
};
constexpr std::array kRoles{
    Role{"bos_token", "tokenizer.ggml.bos_token_id", &SpecialTokens::bos},
    Role{"eos_token", "tokenizer.ggml.eos_token_id", &SpecialTokens::eos},
    Role{"unk_token", "tokenizer.ggml.unknown_token_id", &SpecialTokens::unk},
    Role{"pad_token", "tokenizer.ggml.padding_token_id", &SpecialTokens::pad},
    Role{"sep_token", "tokenizer.ggml.seperator_token_id", &SpecialTokens::sep},
    Role{nullptr, "tokenizer.ggml.eot_token_id", &SpecialTokens::eot},
    Role{nullptr, "tokenizer.ggml.eom_token_id", &SpecialTokens::eom},
};

// "<s>" or {"content": "<s>", ...}
Result<TokenId> read_config_token(const JsonField& field, const Vocabulary& vocabulary) {
  if (field.is_null()) return kNoToken;
  QUERN_TRY(const std::string_view text, field.is_object() ? field.at("content").as_string() : field.as_string());
  return vocabulary.find(text);
}

Status ask_config(std::string_view config, const Vocabulary& vocabulary, OwnSpecials& own) {
  QUERN_TRY(const JsonDocument document, JsonDocument::parse(config, "tokenizer_config.json"));
  const JsonField root = document.root();
  for (const Role& role : kRoles) {
    TokenId& id = own.ids.*role.id;
    if (id != kNoToken || role.config_field == nullptr) continue;
    QUERN_TRY(id, read_config_token(root.at(role.config_field), vocabulary));
  }
  const auto read_flag = [&](const char* name, std::optional<bool>& flag) -> Status {
    const JsonField field = root.at(name);
    if (flag || field.is_null()) return {};
    QUERN_TRY(flag, field.as_bool());
    return {};
  };
  QUERN_CHECK(read_flag("add_bos_token", own.add_bos));
  QUERN_CHECK(read_flag("add_eos_token", own.add_eos));
  return read_flag("clean_up_tokenization_spaces", own.clean_spaces);
}

Status ask_model(const gguf::GgufFile& model, const Vocabulary& vocabulary, OwnSpecials& own) {
  const auto texts = model.get_array("tokenizer.ggml.tokens", gguf::ValueType::string);
  for (const Role& role : kRoles) {
    TokenId& id = own.ids.*role.id;
    if (id != kNoToken || !texts || model.find(role.gguf_key) == nullptr) continue;
    QUERN_TRY(const std::int64_t found, model.get_int(role.gguf_key));
    const bool same =
        vocabulary.contains(found) && static_cast<std::size_t>(found) < (*texts)->strings.size() &&
        (*texts)->strings[static_cast<std::size_t>(found)] == vocabulary.text(static_cast<TokenId>(found));
    if (same) id = static_cast<TokenId>(found);
  }
  const auto read_flag = [&](const char* key, std::optional<bool>& flag) -> Status {
    if (flag || model.find(key) == nullptr) return {};
    QUERN_TRY(flag, model.get_bool_or(key, false));
    return {};
  };
  QUERN_CHECK(read_flag("tokenizer.ggml.add_bos_token", own.add_bos));
  return read_flag("tokenizer.ggml.add_eos_token", own.add_eos);
}

}  // namespace

Result<CompleteSpecials> complete_specials(const OwnSpecials& own, const Vocabulary& vocabulary,
                                           const SourceContext& context) {
  OwnSpecials known = own;
  if (!context.config.empty()) QUERN_CHECK(ask_config(context.config, vocabulary, known));
  if (context.model != nullptr) QUERN_CHECK(ask_model(*context.model, vocabulary, known));
  CompleteSpecials out{known.ids, known.clean_spaces.value_or(false)};
  if (known.add_bos) out.ids.add_bos = *known.add_bos;
  if (known.add_eos) out.ids.add_eos = *known.add_eos;
  out.ids.add_bos = out.ids.add_bos && out.ids.bos != kNoToken;
  out.ids.add_eos = out.ids.add_eos && out.ids.eos != kNoToken;
  return out;
}

}  // namespace quern::engine

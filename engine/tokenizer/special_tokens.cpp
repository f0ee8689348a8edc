// Source: llama.cpp's vocabulary loader, for which texts are known as what; the lists are facts about published models.
#include "engine/tokenizer/special_tokens.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <initializer_list>
#include <span>
#include <string>

namespace quern::engine {
namespace {

constexpr std::uint64_t kNotSet = 0xFFFFFFFFu;  // -1, as some converters write a missing id

// In the order of preference, should a vocabulary have several.
constexpr std::string_view kEndOfTurn[] = {
    "<|eot_id|>",         "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>",
    "<|end_of_text|>",    "<EOT>",      "_<EOT>",  "[EOT]",         "<\uFF5Cend\u2581of\u2581sentence\uFF5C>",
    "<end_of_utterance>",
};
constexpr std::string_view kEndOfMessage[] = {"<|eom_id|>"};
constexpr std::string_view kFurtherEnds[] = {
    "<|return|>", "<|call|>", "<|calls|>", "<|flush|>", "</s>", "[EOS]", "<eos>", "<turn|>", "<|tool_response>", "[e~[",
};
// Fill-in-the-middle tokens: control, but they end nothing.
constexpr std::string_view kFillPrefix[] = {"<|fim_prefix|>",  "<fim-prefix>", "<fim_prefix>",
                                            "<PRE>",           "\u2581<PRE>",  "<\uFF5Cfim\u2581begin\uFF5C>",
                                            "<|code_prefix|>", "<|prefix|>"};
constexpr std::string_view kFillSuffix[] = {"<|fim_suffix|>",  "<fim-suffix>", "<fim_suffix>",
                                            "<SUF>",           "\u2581<SUF>",  "<\uFF5Cfim\u2581hole\uFF5C>",
                                            "<|code_suffix|>", "<|suffix|>"};
constexpr std::string_view kFillMiddle[] = {"<|fim_middle|>",  "<fim-middle>", "<fim_middle>",
                                            "<MID>",           "\u2581<MID>",  "<\uFF5Cfim\u2581end\uFF5C>",
                                            "<|code_middle|>", "<|middle|>"};
constexpr std::string_view kFillPad[] = {"<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"};
constexpr std::string_view kFillRepository[] = {"<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<reponame>", "<REPO>"};
constexpr std::string_view kFillFile[] = {"<|file_sep|>"};

// Metadata names a role by one of two keys, the second of older converters.
struct FillRole {
  TokenId FillTokens::*id;
  const char* key;
  const char* old_key;
  std::span<const std::string_view> texts;
};
constexpr FillRole kFillRoles[] = {
    {&FillTokens::prefix, "tokenizer.ggml.fim_pre_token_id", "tokenizer.ggml.prefix_token_id", kFillPrefix},
    {&FillTokens::suffix, "tokenizer.ggml.fim_suf_token_id", "tokenizer.ggml.suffix_token_id", kFillSuffix},
    {&FillTokens::middle, "tokenizer.ggml.fim_mid_token_id", "tokenizer.ggml.middle_token_id", kFillMiddle},
    {&FillTokens::pad, "tokenizer.ggml.fim_pad_token_id", nullptr, kFillPad},
    {&FillTokens::repository, "tokenizer.ggml.fim_rep_token_id", nullptr, kFillRepository},
    {&FillTokens::file, "tokenizer.ggml.fim_sep_token_id", nullptr, kFillFile},
};

// The Harmony format's markers are part of the answer and must reach its parser.
constexpr std::string_view kAlwaysPrinted[] = {"<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"};

// Reads an id into `id`; a missing key leaves the default. Essential ids must exist, the others are only dropped.
Status read_id(const gguf::GgufFile& file, std::string_view key, bool essential, const Vocabulary& vocabulary,
               TokenId& id) {
  if (!vocabulary.contains(id)) id = kNoToken;
  if (file.find(key) == nullptr) return {};
  QUERN_TRY(const std::int64_t found, file.get_int(key));
  if (found == -1 || found == static_cast<std::int64_t>(kNotSet)) {
    id = kNoToken;
  } else if (vocabulary.contains(found)) {
    id = static_cast<TokenId>(found);
  } else if (essential) {
    return fail(Errc::corrupt, "{}: token {}, but the vocabulary has {}", key, found, vocabulary.size());
  } else {
    log::warn("{}: token {}, but the vocabulary has {}; ignored", key, found, vocabulary.size());
    id = kNoToken;
  }
  return {};
}

// A default that cannot be followed is dropped; a demand of the file that cannot be followed is an error.
Status read_add(const gguf::GgufFile& file, const char* key, const char* id_key, TokenId id, bool& add) {
  QUERN_TRY(add, file.get_bool_or(key, add));
  if (!add || id != kNoToken) return {};
  if (file.find(key) != nullptr) return fail(Errc::corrupt, "{}: true, but {} is not set", key, id_key);
  add = false;
  return {};
}

TokenId find_first(const Vocabulary& vocabulary, std::span<const std::string_view> texts) {
  for (const std::string_view text : texts)
    if (const TokenId id = vocabulary.find(text); id != kNoToken) return id;
  return kNoToken;
}

// Ends of generation that other tokens of the same vocabulary show to be none.
void drop_false_ends(Vocabulary& vocabulary, TokenRoles& roles) {
  std::vector<TokenId>& ends = roles.ends_generation;
  const auto has = [&](std::string_view text) {
    return std::binary_search(ends.begin(), ends.end(), vocabulary.find(text));
  };
  const auto drop = [&](std::string_view text, TokenKind kind) {
    if (!has(text)) return;
    const TokenId id = vocabulary.find(text);
    std::erase(ends, id);
    vocabulary.set_kind(id, kind);
    if (roles.ids.eot == id) roles.ids.eot = kNoToken;
  };
  const bool calls = has("<|call|>") || has("<|calls|>");
  if (calls && (has("<|return|>") || has("<|flush|>")))
    drop("<|end|>", TokenKind::user_defined);                    // ends a message only
  if (has("<|tool_response>")) drop("</s>", TokenKind::normal);  // Gemma 4: HTML
}

}  // namespace

Result<TokenRoles> assign_roles(const gguf::GgufFile& file, const SpecialTokens& defaults, Vocabulary& vocabulary) {
  SpecialTokens ids = defaults;
  QUERN_CHECK(read_id(file, "tokenizer.ggml.cls_token_id", true, vocabulary, ids.bos));  // a BERT begins with it
  QUERN_CHECK(read_id(file, "tokenizer.ggml.bos_token_id", true, vocabulary, ids.bos));
  QUERN_CHECK(read_id(file, "tokenizer.ggml.eos_token_id", true, vocabulary, ids.eos));
  QUERN_CHECK(read_id(file, "tokenizer.ggml.eot_token_id", true, vocabulary, ids.eot));
  QUERN_CHECK(read_id(file, "tokenizer.ggml.eom_token_id", true, vocabulary, ids.eom));
  QUERN_CHECK(read_id(file, "tokenizer.ggml.unknown_token_id", true, vocabulary, ids.unk));
  QUERN_CHECK(read_id(file, "tokenizer.ggml.padding_token_id", false, vocabulary, ids.pad));
  QUERN_CHECK(read_id(file, "tokenizer.ggml.seperator_token_id", false, vocabulary, ids.sep));  // spelled so in GGUF
  QUERN_CHECK(read_add(file, "tokenizer.ggml.add_bos_token", "tokenizer.ggml.bos_token_id", ids.bos, ids.add_bos));
  QUERN_CHECK(read_add(file, "tokenizer.ggml.add_eos_token", "tokenizer.ggml.eos_token_id", ids.eos, ids.add_eos));
  QUERN_CHECK(
      read_add(file, "tokenizer.ggml.add_sep_token", "tokenizer.ggml.seperator_token_id", ids.sep, ids.add_sep));
  for (const FillRole& role : kFillRoles) {
    TokenId& id = ids.fill.*role.id;
    if (role.old_key != nullptr) QUERN_CHECK(read_id(file, role.old_key, false, vocabulary, id));
    QUERN_CHECK(read_id(file, role.key, false, vocabulary, id));
  }
  return roles_of(ids, vocabulary);
}

TokenRoles roles_of(const SpecialTokens& named, Vocabulary& vocabulary) {
  TokenRoles out{.ids = named, .ends_generation = {}, .after_bos = {}, .after_eos = {}};
  SpecialTokens& ids = out.ids;
  if (ids.eot == kNoToken) ids.eot = find_first(vocabulary, kEndOfTurn);
  if (ids.eom == kNoToken) ids.eom = find_first(vocabulary, kEndOfMessage);
  for (const FillRole& role : kFillRoles) {
    TokenId& id = ids.fill.*role.id;
    if (id == kNoToken) id = find_first(vocabulary, role.texts);
  }

  const auto add_known = [&](std::span<const std::string_view> texts, bool is_end) {
    for (const std::string_view text : texts) {
      const TokenId id = vocabulary.find(text);
      if (id == kNoToken) continue;
      vocabulary.set_kind(id, TokenKind::control);
      if (is_end) out.ends_generation.push_back(id);
    }
  };
  add_known(kEndOfTurn, true);
  add_known(kEndOfMessage, true);
  add_known(kFurtherEnds, true);
  for (const FillRole& role : kFillRoles) add_known(role.texts, false);
  for (const std::string_view text : kAlwaysPrinted)
    if (const TokenId id = vocabulary.find(text); id != kNoToken) vocabulary.set_kind(id, TokenKind::user_defined);
  for (const TokenId id : {ids.eos, ids.eot, ids.eom})
    if (id != kNoToken) out.ends_generation.push_back(id);
  std::sort(out.ends_generation.begin(), out.ends_generation.end());
  out.ends_generation.erase(std::unique(out.ends_generation.begin(), out.ends_generation.end()),
                            out.ends_generation.end());
  drop_false_ends(vocabulary, out);
  return out;
}

std::vector<Strip> strip_rules(const gguf::GgufFile& file, const Vocabulary& vocabulary) {
  const Result<std::string_view> stored = file.get_string_or("general.name", "");
  std::string name(stored ? *stored : std::string_view{});
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::vector<Strip> rules;
  if (name.find("phi-3") != std::string::npos || name.find("phi3") != std::string::npos) {
    rules.assign(vocabulary.size(), Strip::none);
    for (std::uint32_t i = 0; i < vocabulary.size(); ++i) {
      const auto id = static_cast<TokenId>(i);
      const TokenKind kind = vocabulary.kind(id);
      if (kind == TokenKind::control || kind == TokenKind::user_defined || kind == TokenKind::unknown)
        rules[i] = Strip::right;
    }
    for (const std::string_view text : {"<unk>", "<s>", "<|endoftext|>"})
      if (const TokenId id = vocabulary.find(text); id != kNoToken) rules[static_cast<std::size_t>(id)] = Strip::none;
  } else if (name.find("modern-bert") != std::string::npos) {
    if (const TokenId id = vocabulary.find("[MASK]"); id != kNoToken) {
      rules.assign(vocabulary.size(), Strip::none);
      rules[static_cast<std::size_t>(id)] = Strip::left;
    }
  }
  return rules;
}

}  // namespace quern::engine

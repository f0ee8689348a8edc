#include "tests/engine/tokenizer/sources/convert.hpp"

#include "engine/tokenizer/byte_alphabet.hpp"
#include "engine/tokenizer/escaped_space.hpp"
#include "engine/tokenizer/pretokenizer_table.hpp"
#include "engine/tokenizer/utf8.hpp"
#include "tests/engine/tokenizer/small_vocabulary.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <optional>
#include <tuple>

namespace quern::test {
namespace {

namespace json = boost::json;
using engine::kEscapedSpace;
using engine::gguf::GgufFile;

struct Tokens {
  std::vector<std::string> texts;
  std::vector<std::int64_t> kinds;
  std::vector<float> scores;

  explicit Tokens(const GgufFile& file) {
    for (const std::string_view text :
         file.get_array("tokenizer.ggml.tokens", engine::gguf::ValueType::string).value()->strings)
      texts.emplace_back(text);
    kinds.assign(texts.size(), kNormal);
    scores.assign(texts.size(), 0.0f);
    if (file.find("tokenizer.ggml.token_type") != nullptr)
      kinds = file.get_int_array("tokenizer.ggml.token_type").value();
    if (file.find("tokenizer.ggml.scores") != nullptr) scores = file.get_float_array("tokenizer.ggml.scores").value();
  }
  bool is_added(std::size_t id) const {
    return kinds[id] == kControl || kinds[id] == kUserDefined || kinds[id] == kUnknown;
  }
};

json::object typed(const char* type, json::object rest = {}) {
  rest["type"] = type;
  return rest;
}
json::object sequence(const char* field, json::array items) {
  return typed("Sequence", {{field, std::move(items)}});
}
json::object split(std::string_view regex) {
  return typed("Split", {{"pattern", {{"Regex", regex}}}, {"behavior", "Isolated"}, {"invert", false}});
}
json::object replace(std::string_view from, std::string_view to) {
  return typed("Replace", {{"pattern", {{"String", from}}}, {"content", to}});
}

std::string base64(std::string_view bytes) {
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned bits = 0;
    for (std::size_t k = 0; k < 3; ++k)
      bits = bits << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k) out += i + k <= bytes.size() ? kAlphabet[bits >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

bool flag(const GgufFile& file, const char* key, bool fallback) {
  return file.get_bool_or(key, fallback).value();
}
std::string model_of(const GgufFile& file) {
  return std::string(file.get_string("tokenizer.ggml.model").value());
}
std::string pre_of(const GgufFile& file) {
  return std::string(file.get_string_or("tokenizer.ggml.pre", "").value());
}

json::array added_tokens(const GgufFile& file, const Tokens& tokens) {
  const std::string name(file.get_string_or("general.name", "").value());
  const bool phi = name.find("hi-3") != std::string::npos || name.find("hi3") != std::string::npos;
  json::array out;
  for (std::size_t id = 0; id < tokens.texts.size(); ++id) {
    if (!tokens.is_added(id)) continue;
    const std::string& text = tokens.texts[id];
    const bool strips = phi && text != "<unk>" && text != "<s>" && text != "<|endoftext|>";
    out.push_back({{"id", id},
                   {"content", text},
                   {"single_word", false},
                   {"lstrip", false},
                   {"rstrip", strips},
                   {"normalized", false},
                   {"special", tokens.kinds[id] != kUserDefined}});
  }
  return out;
}

json::object vocabulary(const Tokens& tokens) {
  json::object out;
  for (std::size_t id = 0; id < tokens.texts.size(); ++id) out.emplace(tokens.texts[id], id);
  return out;
}

// The published expressions, where they are at hand; else our own patterns.
json::value byte_level_pretokenizer(const std::string& name) {
  const json::object bytes = typed("ByteLevel", {{"add_prefix_space", false}, {"use_regex", false}});
  if (name == "gpt-2" || name == "mpt") return typed("ByteLevel", {{"add_prefix_space", false}});
  if (name == "llama-bpe" || name == "qwen2") {
    const std::string digits = name == "qwen2" ? "\\p{N}" : "\\p{N}{1,3}";
    const std::string regex = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" + digits +
                              "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    return sequence("pretokenizers", {split(regex), bytes});
  }
  json::array steps;
  if (name == "falcon") {
    steps = {typed("Punctuation", {{"behavior", "Contiguous"}}), typed("ByteLevel", {{"add_prefix_space", false}}),
             split("[0-9][0-9][0-9]")};
    return sequence("pretokenizers", steps);
  }
  for (const char* const pattern : engine::find_pretokenizer(name)->patterns)
    if (pattern != nullptr) steps.push_back(split(pattern));
  steps.push_back(bytes);
  return sequence("pretokenizers", steps);
}

json::array file_merges(const GgufFile& file, bool as_pairs) {
  json::array out;
  for (const std::string_view merge :
       file.get_array("tokenizer.ggml.merges", engine::gguf::ValueType::string).value()->strings) {
    const std::size_t blank = merge.find(' ', 1);
    if (as_pairs)
      out.push_back(json::array{merge.substr(0, blank), merge.substr(blank + 1)});
    else
      out.emplace_back(merge);
  }
  return out;
}

// The merges that a scored vocabulary implies: every way to part a token into two tokens, by the token's score. The
// golden vocabularies are reduced ones, so that a part may also be a character that is no token any more.
json::array merges_of_scores(const Tokens& tokens) {
  std::map<std::string_view, std::size_t> ids;
  for (std::size_t id = 0; id < tokens.texts.size(); ++id)
    if (tokens.kinds[id] != kControl && tokens.kinds[id] != kUnknown) ids.emplace(tokens.texts[id], id);
  const auto id_of = [&](std::string_view part) -> std::optional<std::size_t> {
    if (const auto found = ids.find(part); found != ids.end()) return found->second;
    const engine::Utf8Step step = engine::utf8_front(part);
    if (step.kind == engine::Utf8Kind::valid && step.size == part.size()) return tokens.texts.size();
    return std::nullopt;
  };
  std::vector<std::tuple<float, std::size_t, std::size_t, std::string_view, std::string_view>> found;
  for (const auto& [text, id] : ids)
    for (std::size_t size = 1; size < text.size(); ++size) {
      const std::string_view left = text.substr(0, size), right = text.substr(size);
      const auto left_id = id_of(left), right_id = id_of(right);
      if (left_id && right_id) found.emplace_back(-tokens.scores[id], *left_id, *right_id, left, right);
    }
  std::sort(found.begin(), found.end());
  json::array out;
  for (const auto& merge : found) out.push_back(json::array{std::get<3>(merge), std::get<4>(merge)});
  return out;
}

json::value frame(const GgufFile& file, const Tokens& tokens) {
  json::array single;
  const auto add = [&](const char* flag_key, const char* id_key, bool fallback) {
    if (!flag(file, flag_key, fallback) || file.find(id_key) == nullptr) return;
    const auto id = static_cast<std::size_t>(file.get_int(id_key).value());
    single.push_back(json::object{{"SpecialToken", {{"id", tokens.texts[id]}, {"type_id", 0}}}});
  };
  const std::string model = model_of(file);
  const engine::PretokenizerSpec* const spec = engine::find_pretokenizer(pre_of(file));
  const bool adds_bos = model == "llama" || model == "gemma4" || model == "bert" || (model == "gpt2" && spec->add_bos);
  const char* const bos = file.find("tokenizer.ggml.cls_token_id") != nullptr ? "tokenizer.ggml.cls_token_id"
                                                                              : "tokenizer.ggml.bos_token_id";
  if (model == "gemma4")
    add("no such key", bos, true);
  else
    add("tokenizer.ggml.add_bos_token", bos, adds_bos);
  single.push_back(json::object{{"Sequence", {{"id", "A"}, {"type_id", 0}}}});
  if (model == "bert")
    add("tokenizer.ggml.add_sep_token", "tokenizer.ggml.seperator_token_id", true);
  else
    add("tokenizer.ggml.add_eos_token", "tokenizer.ggml.eos_token_id", model == "t5");
  return typed("TemplateProcessing", {{"single", single}});
}

std::string unknown_of(const GgufFile& file, const Tokens& tokens) {
  const auto id = file.get_uint_or("tokenizer.ggml.unknown_token_id", model_of(file) == "llama" ? 0 : 2).value();
  return tokens.texts[id];
}

void write_bpe(const GgufFile& file, const Tokens& tokens, json::object& out) {
  const std::string pre = pre_of(file);
  out["pre_tokenizer"] = byte_level_pretokenizer(pre);
  out["decoder"] = typed("ByteLevel");
  out["model"] = typed("BPE", {{"vocab", vocabulary(tokens)},
                               {"merges", file_merges(file, pre == "qwen2")},
                               {"ignore_merges", engine::find_pretokenizer(pre)->ignore_merges}});
}

void write_characters(const GgufFile& file, const Tokens& tokens, json::object& out) {
  const bool lines = model_of(file) == "gemma4";
  const bool prefix = !lines && flag(file, "tokenizer.ggml.add_space_prefix", true);
  json::array normalizers;
  if (prefix) normalizers.push_back(typed("Prepend", {{"prepend", kEscapedSpace}}));
  normalizers.push_back(replace(" ", kEscapedSpace));
  out["normalizer"] = sequence("normalizers", normalizers);
  if (lines) out["pre_tokenizer"] = split("[^\\n]+|\\n+");
  out["decoder"] = sequence("decoders", {replace(kEscapedSpace, " "), typed("ByteFallback"), typed("Fuse"),
                                         typed("Strip", {{"content", " "}, {"start", prefix ? 1 : 0}, {"stop", 0}})});
  out["model"] = typed("BPE", {{"vocab", vocabulary(tokens)},
                               {"merges", lines ? file_merges(file, true) : merges_of_scores(tokens)},
                               {"unk_token", lines ? "<unk>" : unknown_of(file, tokens)},
                               {"byte_fallback", true},
                               {"fuse_unk", true}});
}

void write_words(const GgufFile& file, const Tokens& tokens, json::object& out) {
  out["normalizer"] = typed("BertNormalizer", {{"lowercase", true}, {"strip_accents", nullptr}});
  out["pre_tokenizer"] = typed("BertPreTokenizer");
  out["decoder"] = typed("WordPiece", {{"prefix", "##"}, {"cleanup", true}});
  json::object vocab;
  for (std::size_t id = 0; id < tokens.texts.size(); ++id) {
    const std::string& text = tokens.texts[id];
    const bool begins = text.starts_with(kEscapedSpace);
    vocab[tokens.is_added(id) ? text : begins ? text.substr(kEscapedSpace.size()) : "##" + text] = id;
  }
  out["model"] = typed("WordPiece", {{"vocab", vocab}, {"unk_token", unknown_of(file, tokens)}});
}

void write_unigram(const GgufFile& file, const Tokens& tokens, json::object& out) {
  json::array normalizers;
  if (const auto rules = file.get_bytes("tokenizer.ggml.precompiled_charsmap"))
    normalizers.push_back(typed("Precompiled", {{"precompiled_charsmap", base64(*rules)}}));
  if (flag(file, "tokenizer.ggml.remove_extra_whitespaces", false)) {
    normalizers.push_back(typed("Strip", {{"strip_left", true}, {"strip_right", true}}));
    normalizers.push_back(typed("Replace", {{"pattern", {{"Regex", " {2,}"}}}, {"content", " "}}));
  }
  const bool merges = flag(file, "tokenizer.ggml.remove_extra_whitespaces", false);
  if (!merges) {  // Metaspace would not put a blank before a blank
    normalizers.push_back(typed("Prepend", {{"prepend", kEscapedSpace}}));
    normalizers.push_back(replace(" ", kEscapedSpace));
  }
  out["normalizer"] = sequence("normalizers", normalizers);
  out["pre_tokenizer"] =
      typed("Metaspace", {{"replacement", kEscapedSpace}, {"prepend_scheme", merges ? "always" : "never"}});
  out["decoder"] = sequence("decoders", {replace(kEscapedSpace, " "), typed("ByteFallback"), typed("Fuse"),
                                         typed("Strip", {{"content", " "}, {"start", 1}, {"stop", 0}})});
  json::array vocab;
  for (std::size_t id = 0; id < tokens.texts.size(); ++id)
    vocab.push_back(json::array{tokens.texts[id], tokens.scores[id]});
  const bool has_bytes = std::find(tokens.kinds.begin(), tokens.kinds.end(), kByte) != tokens.kinds.end();
  out["model"] = typed("Unigram", {{"vocab", vocab},
                                   {"unk_id", file.get_int("tokenizer.ggml.unknown_token_id").value()},
                                   {"byte_fallback", has_bytes}});
}

void append_varint(std::uint64_t value, std::string& out) {
  for (; value >= 128; value >>= 7) out.push_back(static_cast<char>(value | 128));
  out.push_back(static_cast<char>(value));
}
void append_number(unsigned field, std::uint64_t value, std::string& out) {
  append_varint(field << 3, out);
  append_varint(value, out);
}
void append_bytes(unsigned field, std::string_view bytes, std::string& out) {
  append_varint(field << 3 | 2, out);
  append_varint(bytes.size(), out);
  out.append(bytes);
}

}  // namespace

json::object to_tokenizer_json(const GgufFile& file) {
  const Tokens tokens(file);
  const std::string model = model_of(file);
  json::object out{{"version", "1.0"}, {"added_tokens", added_tokens(file, tokens)}, {"normalizer", nullptr}};
  if (model == "gpt2") write_bpe(file, tokens, out);
  if (model == "llama" || model == "gemma4") write_characters(file, tokens, out);
  if (model == "bert") write_words(file, tokens, out);
  if (model == "t5") write_unigram(file, tokens, out);
  out["post_processor"] = frame(file, tokens);
  return out;
}

json::object to_tokenizer_config(const GgufFile& file) {
  const std::string model = model_of(file);
  const bool cleans = model == "gemma4" || model == "bert" ||
                      (model == "gpt2" && engine::find_pretokenizer(pre_of(file))->clean_spaces);
  return {{"clean_up_tokenization_spaces", cleans}};
}

std::string to_sentencepiece(const GgufFile& file) {
  const Tokens tokens(file);
  std::string out, part;
  for (std::size_t id = 0; id < tokens.texts.size(); ++id) {
    part.clear();
    append_bytes(1, tokens.texts[id], part);
    append_varint(2 << 3 | 5, part);
    const auto bits = std::bit_cast<std::uint32_t>(tokens.scores[id]);
    for (int shift = 0; shift < 32; shift += 8) part.push_back(static_cast<char>(bits >> shift));
    append_number(3, static_cast<std::uint64_t>(tokens.kinds[id]), part);
    append_bytes(1, part, out);
  }
  part.clear();
  append_number(3, model_of(file) == "t5" ? 1 : 2, part);
  const auto append_id = [&](unsigned field, const char* key) {
    append_number(field, file.find(key) != nullptr ? file.get_uint(key).value() : UINT64_MAX, part);
  };
  append_id(40, "tokenizer.ggml.unknown_token_id");
  append_id(41, "tokenizer.ggml.bos_token_id");
  append_id(42, "tokenizer.ggml.eos_token_id");
  append_id(43, "tokenizer.ggml.padding_token_id");
  append_bytes(2, part, out);
  part.clear();
  if (const auto rules = file.get_bytes("tokenizer.ggml.precompiled_charsmap")) append_bytes(2, *rules, part);
  append_number(3, flag(file, "tokenizer.ggml.add_space_prefix", true) ? 1 : 0, part);
  append_number(4, flag(file, "tokenizer.ggml.remove_extra_whitespaces", false) ? 1 : 0, part);
  append_bytes(3, part, out);
  return out;
}

std::string to_tiktoken(const GgufFile& file) {
  const Tokens tokens(file);
  std::string out, bytes;
  for (std::size_t id = 0; id < tokens.texts.size(); ++id) {
    if (tokens.kinds[id] != kNormal) continue;
    bytes.clear();
    engine::append_bytes_of_letters(tokens.texts[id], bytes);
    out += base64(bytes) + " " + std::to_string(id) + "\n";
  }
  return out;
}

}  // namespace quern::test

// Arbitrary text through small vocabularies, and arbitrary vocabularies through the loader.
// Input: 1 byte mode (tokenizer), 1 byte flags (1: add_special, 2: parse_special), then the text; in vocabulary modes
// the rest is lines: a token each, its kind in the first byte, up to an empty line; then merges, up to an empty line;
// then the text. In metadata modes it is 1 byte for the number of changes, each of 10 bytes (key, action, value), then
// the text: a good file of each tokenizer model with keys left out, of another type or size, or absurd. In the mode of
// tokenizer.json it is 8 bytes that pick its parts, then the text. Invariants: ids
// are in range; streamed text is valid UTF-8 and equals what all bytes at once give; text survives encode and decode
// where the tokenizer promises that.
#include "engine/tokenizer/detokenizer.hpp"
#include "engine/tokenizer/escaped_space.hpp"
#include "engine/tokenizer/sources/source.hpp"
#include "engine/tokenizer/utf8.hpp"
#include "fuzz/tokenizer_json.hpp"
#include "tests/engine/tokenizer/small_vocabulary.hpp"
#include "tests/support/gguf_image.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace {

using namespace quern;
using engine::TokenId;
using engine::Tokenizer;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

std::string sanitized(std::string_view bytes) {
  std::string out;
  while (!bytes.empty()) {
    const engine::Utf8Step step = engine::utf8_front(bytes);
    out += step.kind == engine::Utf8Kind::valid ? bytes.substr(0, step.size) : engine::kReplacementCharacter;
    bytes.remove_prefix(step.size);
  }
  return out;
}

void check_streaming(const Tokenizer& tokenizer, const std::vector<TokenId>& ids, bool show_special) {
  engine::Detokenizer detokenizer(tokenizer, show_special);
  std::string streamed, bytes;
  for (const TokenId id : ids) {
    const std::string part = detokenizer.append(id);
    require(engine::is_valid_utf8(part), "streamed text is valid UTF-8");
    streamed += part;
    bytes += tokenizer.piece(id, show_special);
  }
  streamed += detokenizer.flush();
  require(streamed == sanitized(bytes), "streamed text equals the text of all bytes at once");
}

void check_text(const Tokenizer& tokenizer, std::string_view text, unsigned flags, bool survives) {
  const engine::EncodeOptions options{.add_special = (flags & 1) != 0, .parse_special = (flags & 2) != 0};
  const Result<std::vector<TokenId>> encoded = tokenizer.encode(text, options);
  if (!encoded) return require(!survives && !encoded.error().detail.empty(), "only odd vocabularies refuse a text");
  const std::vector<TokenId>& ids = *encoded;
  for (const TokenId id : ids)
    require(id >= 0 && static_cast<std::uint32_t>(id) < tokenizer.n_vocab(), "ids are in range");
  check_streaming(tokenizer, ids, false);
  check_streaming(tokenizer, ids, true);
  const std::string back = tokenizer.decode(ids, true);
  if (survives && flags % 4 == 0 && engine::is_valid_utf8(text) &&
      text.find(engine::kEscapedSpace) == std::string_view::npos)
    require(back == text, "text survives encode and decode");
}

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

void check_loaded(const Result<std::unique_ptr<Tokenizer>>& tokenizer, std::string_view text, unsigned flags) {
  if (!tokenizer) {
    require(!tokenizer.error().detail.empty(), "errors say what is wrong");
    return;
  }
  for (TokenId id = -1; id <= static_cast<TokenId>((*tokenizer)->n_vocab()); ++id) {
    (*tokenizer)->piece(id, true);
    (*tokenizer)->token_text(id);
    (*tokenizer)->kind(id);
    (*tokenizer)->is_end_of_generation(id);
  }
  check_text(**tokenizer, text, flags, false);
}

void check_vocabulary(const char* model, std::string_view rest, unsigned flags) {
  test::SmallVocabulary vocabulary;
  for (std::string_view line = take_line(rest); !line.empty(); line = take_line(rest))
    vocabulary.add(std::string(line.substr(1)), static_cast<std::int32_t>(line[0] % 8),
                   static_cast<float>(static_cast<signed char>(line[0])));
  for (std::string_view line = take_line(rest); !line.empty(); line = take_line(rest))
    vocabulary.merges.emplace_back(line);
  if (vocabulary.merges.empty()) vocabulary.merges.push_back("a b");
  const bool is_whitespace = std::string_view(model) == "whitespace";
  const char* const characters = (flags & 16) != 0 ? "sarvam-moe" : nullptr;
  const char* const letters = (flags & 4) != 0 ? "llama-bpe" : "gpt-2";
  const char* const pre = is_whitespace ? "whitespace" : characters != nullptr ? characters : letters;
  const auto tokenizer = test::tokenizer_of(vocabulary.builder()
                                                .key("tokenizer.ggml.model", model)
                                                .key("tokenizer.ggml.pre", pre)
                                                .key("general.name", (flags & 8) != 0 ? "phi-3" : "fuzz"));
  check_loaded(tokenizer, rest, flags);
}

// The metadata of a good file of each tokenizer model.
std::vector<test::GgufImage> good_files() {
  const auto image = [](const test::SmallVocabulary& vocabulary, const char* model, const char* pre) {
    return test::GgufImage::parse(vocabulary.builder()
                                      .key("tokenizer.ggml.model", model)
                                      .key("tokenizer.ggml.pre", pre)
                                      .key("general.name", "fuzz")
                                      .key("tokenizer.ggml.bos_token_id", std::uint32_t{1})
                                      .key("tokenizer.ggml.eos_token_id", std::uint32_t{2})
                                      .key("tokenizer.ggml.unknown_token_id", std::uint32_t{0})
                                      .key("tokenizer.ggml.seperator_token_id", std::uint32_t{2})
                                      .key("tokenizer.ggml.add_bos_token", true)
                                      .key("tokenizer.ggml.add_eos_token", false)
                                      .key("tokenizer.ggml.add_space_prefix", true)
                                      .key("tokenizer.ggml.remove_extra_whitespaces", true)
                                      .key("tokenizer.ggml.normalizer.lowercase", true)
                                      .build());
  };
  test::SmallVocabulary spm = test::small_spm(), characters = spm, words;
  for (const char* const merge : {"h e", "l l", "he ll", "hell o", "a a", "aa aa", "\u2581 t"})
    characters.merges.emplace_back(merge);
  words.scores.clear();
  for (const char* const token : {"[UNK]", "[CLS]", "[SEP]"}) words.add(token, test::kControl);
  for (const char* const token :
       {"\u2581hello", "\u2581he", "llo", "l", "o", "\u2581a", "a", "\u2581,", "\u2581\u4E16"})
    words.add(token);
  std::vector<test::GgufImage> out{image(spm, "llama", "default"),
                                   image(spm, "t5", "default"),
                                   image(words, "bert", "default"),
                                   image(test::small_bpe(), "gpt2", "llama-bpe"),
                                   image(characters, "gpt2", "sarvam-moe"),
                                   image(characters, "gemma4", "gemma4"),
                                   image(characters, "whitespace", "whitespace")};
  return out;
}

// One change of one key. Arrays keep their items where an action is about their number or a single item.
void change(test::GgufImage& image, const std::uint8_t* record) {
  test::GgufImage::Key& key = image.keys[record[0] % image.keys.size()];
  const auto* const value = reinterpret_cast<const std::byte*>(record + 2);
  static constexpr std::size_t kSizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  const std::uint32_t action = record[1] % 18;
  if (action == 13) {
    image.keys.erase(image.keys.begin() + (record[0] % static_cast<std::ptrdiff_t>(image.keys.size())));
  } else if (action == 14 && key.type == 9 && key.value.size() > 12) {  // another number of items than there are
    std::copy_n(value, 8, key.value.begin() + 4);
  } else if (action == 15 && key.type == 9 && key.value.size() > 20) {  // bytes of the items
    const std::size_t at = 12 + (record[2] + 256u * record[3]) % (key.value.size() - 16);
    std::copy_n(value + 4, 4, key.value.begin() + static_cast<std::ptrdiff_t>(at));
  } else if (action == 16 && key.type == 9) {  // other items
    std::copy_n(value, 4, key.value.begin());
  } else if (action == 17 && key.type == 8) {  // bytes of the text
    for (std::size_t i = 8; i < key.value.size() && i < 16; ++i) key.value[i] = value[i - 8];
  } else if (action == 8) {
    key.type = 8;
    key.value.clear();
    test::GgufImage::put(key.value, std::uint64_t{6});
    key.value.insert(key.value.end(), value, value + 6);
  } else if (action == 9) {  // an array of one
    key.type = 9;
    key.value.clear();
    test::GgufImage::put(key.value, std::uint32_t{record[9] % 2 == 0 ? 4u : 6u});
    test::GgufImage::put(key.value, std::uint64_t{1});
    key.value.insert(key.value.end(), value, value + 4);
  } else if (action < 13) {
    key.type = action;
    key.value.assign(value, value + kSizes[action]);
  }
}

void check_metadata(std::size_t model, std::string_view rest, unsigned flags) {
  static const std::vector<test::GgufImage> models = good_files();
  if (rest.empty()) return;
  test::GgufImage image = models[model];
  std::size_t n_changes = static_cast<unsigned char>(rest[0]) % 8u;
  rest.remove_prefix(1);
  for (; n_changes > 0 && rest.size() >= 10 && !image.keys.empty(); --n_changes, rest.remove_prefix(10))
    change(image, reinterpret_cast<const std::uint8_t*>(rest.data()));
  const std::vector<std::byte> bytes = image.build();
  const auto file = engine::gguf::GgufFile::parse(bytes, "fuzz");
  if (!file) return;  // the reader's own target
  check_loaded(engine::load_tokenizer(**file), rest, flags);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::unique_ptr<Tokenizer> spm = test::small_spm_tokenizer();
  static constexpr const char* kPretokenizers[] = {"qwen2", "deepseek-llm", "llama4", "gpt-2", "tekken", "viking"};
  static const std::vector<std::unique_ptr<Tokenizer>> bpe = [] {
    std::vector<std::unique_ptr<Tokenizer>> out;
    for (const char* name : kPretokenizers) out.push_back(test::small_bpe_tokenizer(name));
    return out;
  }();
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  constexpr unsigned kTexts = 4 + std::size(kPretokenizers);
  constexpr unsigned kMetadata = kTexts + 3, kJson = kMetadata + 7;
  const unsigned mode = data[0] % (kJson + 4), flags = data[1];
  if (mode == 0)
    check_text(*spm, text, flags, true);
  else if (mode == 1)
    check_vocabulary("llama", text, flags);
  else if (mode == 2)
    check_vocabulary("gpt2", text, flags);
  else if (mode == 3)
    check_vocabulary("gemma4", text, flags);
  else if (mode < kTexts)
    check_text(*bpe[mode - 4], text, flags, mode <= 6);  // the first three do not clean blanks up
  else if (mode < kTexts + 3)
    check_vocabulary(mode == kTexts ? "bert" : mode == kTexts + 1 ? "t5" : "whitespace", text, flags);
  else if (mode < kJson)
    check_metadata(mode - kMetadata, text, flags);
  else if (text.size() >= 8)
    check_loaded(engine::load_tokenizer_bytes(fuzz::tokenizer_json(data + 2), {.name = "fuzz.json", .config = {}}),
                 text.substr(8), flags);
  return 0;
}

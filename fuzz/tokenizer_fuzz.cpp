// Arbitrary text through small vocabularies, and arbitrary vocabularies through the loader.
// Input: 1 byte mode (tokenizer), 1 byte flags (1: add_special, 2: parse_special), then the text; in vocabulary modes
// the rest is lines: a token each, its kind in the first byte, up to an empty line; then merges, up to an empty line;
// then the text. Invariants: ids are in range; streamed text is valid UTF-8 and equals what all bytes at once give;
// text survives encode and decode where the tokenizer promises that.
#include "engine/tokenizer/detokenizer.hpp"
#include "engine/tokenizer/escaped_space.hpp"
#include "engine/tokenizer/utf8.hpp"
#include "tests/engine/tokenizer/small_vocabulary.hpp"

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
  const std::vector<TokenId> ids = tokenizer.encode(text, options);
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

void check_vocabulary(const char* model, std::string_view rest, unsigned flags) {
  test::SmallVocabulary vocabulary;
  for (std::string_view line = take_line(rest); !line.empty(); line = take_line(rest))
    vocabulary.add(std::string(line.substr(1)), static_cast<std::int32_t>(line[0] % 8),
                   static_cast<float>(static_cast<signed char>(line[0])));
  for (std::string_view line = take_line(rest); !line.empty(); line = take_line(rest))
    vocabulary.merges.emplace_back(line);
  if (vocabulary.merges.empty()) vocabulary.merges.push_back("a b");
  const auto tokenizer = test::tokenizer_of(vocabulary.builder()
                                                .key("tokenizer.ggml.model", model)
                                                .key("tokenizer.ggml.pre", (flags & 4) != 0 ? "llama-bpe" : "gpt-2")
                                                .key("general.name", (flags & 8) != 0 ? "phi-3" : "fuzz"));
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
  check_text(**tokenizer, rest, flags, false);
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
  const unsigned mode = data[0] % (4 + std::size(kPretokenizers)), flags = data[1];
  if (mode == 0)
    check_text(*spm, text, flags, true);
  else if (mode == 1)
    check_vocabulary("llama", text, flags);
  else if (mode == 2)
    check_vocabulary("gpt2", text, flags);
  else if (mode == 3)
    check_vocabulary("gemma4", text, flags);
  else
    check_text(*bpe[mode - 4], text, flags, mode <= 6);  // the first three do not clean blanks up
  return 0;
}

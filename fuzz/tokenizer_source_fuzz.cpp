// Arbitrary bytes as tokenizer.json, SentencePiece .model or .tiktoken file. Input: 1 byte flags (1: a model stands
// beside it, 2: a tokenizer_config.json too, 4: add_special, 8: parse_special), then the file. What loads must encode
// any text to ids in range and decode them without end. Errors must say something.
#include "engine/tokenizer/detokenizer.hpp"
#include "engine/tokenizer/sources/source.hpp"
#include "engine/tokenizer/utf8.hpp"
#include "tests/engine/tokenizer/small_vocabulary.hpp"

#include <cstdio>
#include <cstdlib>

namespace {

using namespace quern;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

void check_text(const engine::Tokenizer& tokenizer, std::string_view text, unsigned flags) {
  const Result<std::vector<engine::TokenId>> encoded =
      tokenizer.encode(text, {.add_special = (flags & 4) != 0, .parse_special = (flags & 8) != 0});
  if (!encoded) return require(!encoded.error().detail.empty(), "errors say what is wrong");
  const std::vector<engine::TokenId>& ids = *encoded;
  engine::Detokenizer detokenizer(tokenizer, true);
  for (const engine::TokenId id : ids) {
    require(id >= 0 && static_cast<std::uint32_t>(id) < tokenizer.n_vocab(), "ids are in range");
    require(engine::is_valid_utf8(detokenizer.append(id)), "streamed text is valid UTF-8");
  }
  tokenizer.decode(ids, true);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::byte> image = [] {
    const test::SmallVocabulary vocabulary = test::small_bpe();
    return vocabulary.builder()
        .key("tokenizer.ggml.model", "gpt2")
        .key("tokenizer.ggml.pre", "llama-bpe")
        .key("tokenizer.ggml.eos_token_id", vocabulary.id("<|endoftext|>"))
        .build();
  }();
  static const std::unique_ptr<engine::gguf::GgufFile> model = engine::gguf::GgufFile::parse(image, "model").value();
  if (size < 1 || size > 1 << 16) return 0;
  const unsigned flags = data[0];
  const std::string_view file(reinterpret_cast<const char*>(data) + 1, size - 1);
  engine::SourceContext context{.name = "r50k_base.tiktoken", .config = {}};
  if ((flags & 1) != 0) context.model = model.get();
  if ((flags & 2) != 0) context.config = R"({"bos_token":"a","eos_token":{"content":"b"},"add_bos_token":true})";
  const auto tokenizer = engine::load_tokenizer_bytes(file, context);
  if (!tokenizer) {
    require(!tokenizer.error().detail.empty(), "errors say what is wrong");
    return 0;
  }
  check_text(**tokenizer, "Hello  wörld 12345\n\n\te\u0301 \u4E16\u754C \U0001F600 'll <s></s> \xFF\xC3", flags);
  check_text(**tokenizer, file.substr(0, 512), flags);
  check_text(**tokenizer, std::string(2000, 'a'), flags);
  return 0;
}

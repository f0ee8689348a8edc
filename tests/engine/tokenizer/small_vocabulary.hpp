// Small vocabularies in memory, for tests, fuzzing and benches: complete enough for any text, small enough to reason
// about.
#pragma once

#include "engine/gguf/reader.hpp"
#include "engine/tokenizer/byte_alphabet.hpp"
#include "engine/tokenizer/tokenizer.hpp"
#include "tests/support/gguf_builder.hpp"

#include <memory>
#include <string>
#include <vector>

namespace quern::test {

inline constexpr std::int32_t kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6;

struct SmallVocabulary {
  std::vector<std::string> tokens;
  std::vector<float> scores;
  std::vector<std::int32_t> kinds;
  std::vector<std::string> merges;

  std::int32_t add(std::string text, std::int32_t kind = kNormal, float score = 0.0f) {
    tokens.push_back(std::move(text));
    kinds.push_back(kind);
    scores.push_back(score);
    return static_cast<std::int32_t>(tokens.size()) - 1;
  }
  // Appends a merge and its result, unless that is a token already.
  void merge(const std::string& left, const std::string& right) {
    merges.push_back(left + " " + right);
    for (const std::string& token : tokens)
      if (token == left + right) return;
    add(left + right);
  }
  std::int32_t id(std::string_view text) const {
    for (std::size_t i = 0; i < tokens.size(); ++i)
      if (tokens[i] == text) return static_cast<std::int32_t>(i);
    return -1;
  }
  // The metadata without tokenizer.ggml.model; more keys may follow.
  GgufBuilder builder() const {
    GgufBuilder out;
    out.key("tokenizer.ggml.tokens", tokens).key("tokenizer.ggml.token_type", kinds);
    if (!scores.empty()) out.key("tokenizer.ggml.scores", scores);
    if (!merges.empty()) out.key("tokenizer.ggml.merges", merges);
    return out;
  }
};

// 0 <unk>, 1 <s>, 2 </s>, 3..258 bytes, then pieces whose scores fall with their index.
inline SmallVocabulary small_spm() {
  SmallVocabulary out;
  out.add("<unk>", kUnknown);
  out.add("<s>", kControl);
  out.add("</s>", kControl);
  for (unsigned byte = 0; byte < 256; ++byte) {
    static constexpr char kHex[] = "0123456789ABCDEF";
    out.add(std::string("<0x") + kHex[byte >> 4] + kHex[byte & 15] + ">", kByte);
  }
  float score = -1.0f;
  for (const char* piece :
       {"▁t", "he", "▁the", "in", "▁a", "ll", "lo", "hel", "hello", "▁hello", "aa", "aaaa", "▁▁", "▁",  "a",  "e",
        "h",  "i",  "l",    "n",  "o",  "t",  ".",  "é",   "<",     ">",      "/",  "s",    "/s", "</", "</s"})
    out.add(piece, kNormal, score--);
  return out;
}

// 0..255 the bytes' letters, then merges, then <|endoftext|> (control) and <tool> (user-defined).
inline SmallVocabulary small_bpe() {
  SmallVocabulary out;
  out.scores.clear();
  for (unsigned byte = 0; byte < 256; ++byte)
    out.add(std::string(engine::byte_to_letter(static_cast<std::uint8_t>(byte))));
  const std::string blank(engine::byte_to_letter(' '));
  out.merge("h", "e");
  out.merge("l", "l");
  out.merge("he", "ll");
  out.merge("hell", "o");
  out.merge(blank, "t");
  out.merge(blank + "t", "he");
  out.merge("a", "a");
  out.merge("aa", "aa");
  out.merge("1", "2");
  out.merge("12", "3");
  out.add("<|endoftext|>", kControl);
  out.add("<tool>", kUserDefined);
  return out;
}

// A tokenizer together with what must not be destroyed before loading is over (nothing, afterwards).
inline Result<std::unique_ptr<engine::Tokenizer>> tokenizer_of(const GgufBuilder& builder) {
  const std::vector<std::byte> image = builder.build();
  QUERN_TRY(const std::unique_ptr<engine::gguf::GgufFile> file, engine::gguf::GgufFile::parse(image, "test"));
  return engine::load_tokenizer(*file);
}

inline std::unique_ptr<engine::Tokenizer> small_spm_tokenizer() {
  return tokenizer_of(small_spm().builder().key("tokenizer.ggml.model", "llama")).value();
}

inline std::unique_ptr<engine::Tokenizer> small_bpe_tokenizer(const char* pretokenizer = "gpt-2") {
  const SmallVocabulary vocabulary = small_bpe();
  return tokenizer_of(vocabulary.builder()
                          .key("tokenizer.ggml.model", "gpt2")
                          .key("tokenizer.ggml.pre", pretokenizer)
                          .key("tokenizer.ggml.eos_token_id", vocabulary.id("<|endoftext|>")))
      .value();
}

}  // namespace quern::test

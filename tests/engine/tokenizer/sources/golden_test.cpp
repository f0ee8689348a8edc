// The reference's cases through every other format: the same vocabularies, written as tokenizer.json, .model and
// .tiktoken, must give the same ids and the same text.
#include "engine/tokenizer/sources/source.hpp"
#include "engine/tokenizer/utf8.hpp"
#include "tests/engine/tokenizer/sources/convert.hpp"
#include "tests/golden/tokenizer_cases.hpp"
#include "tests/support/golden_json.hpp"

#include <cstdlib>
#include <filesystem>
#include <vector>

#include <gtest/gtest.h>

namespace quern {

namespace {

namespace fs = std::filesystem;
using engine::SourceContext;
using engine::gguf::GgufFile;

std::vector<fs::path> case_files() {
  const char* const shared = std::getenv("QUERN_SHARED_DIR");
  fs::path dir = (shared != nullptr ? fs::path(shared) : fs::path(QUERN_SOURCE_DIR) / "../shared") / "golden";
  std::vector<fs::path> out;
  for (const fs::path& from : {fs::path(QUERN_TEST_DATA_DIR) / "tokenizer", dir / "tokenizer"}) {
    if (!fs::exists(from)) continue;
    for (const auto& entry : fs::directory_iterator(from))
      if (entry.path().extension() == ".json") out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::string model_of(const GgufFile& file) {
  return std::string(file.get_string("tokenizer.ggml.model").value());
}

void expect_same(const fs::path& cases, std::string_view bytes, const SourceContext& context,
                 const golden::CaseSelection& selection = {}) {
  const auto tokenizer = engine::load_tokenizer_bytes(bytes, context);
  ASSERT_TRUE(tokenizer) << cases << ": " << tokenizer.error().detail;
  const boost::json::value json = test::read_json(cases);
  const golden::CaseCount count = golden::check_tokenizer_cases(**tokenizer, json.as_array(), selection);
  EXPECT_GT(count.n_cases, 50u) << cases;
  EXPECT_EQ(count.n_failed, 0u) << cases << ": " << count.n_failed << " of " << count.n_cases << ": " << count.first;
}

// Where BERT as published and GGUF's BERT part: the latter keeps only the first part of a character that decomposes
// (and so the first letter of a Hangul syllable), drops marks that are not "nonspacing" and knows no longest word.
bool differs_for_bert(const std::string& text) {
  std::string_view rest = text;
  std::size_t n_letters = 0;  // of a word that may be too long
  while (!rest.empty()) {
    const std::string_view bytes = rest.substr(0, engine::utf8_front(rest).size);
    rest.remove_prefix(bytes.size());
    n_letters = bytes == " " || bytes == "\n" || bytes == "\t" ? 0 : n_letters + 1;
    const bool hangul = bytes >= "\uAC00" && bytes <= "\uD7A3" && bytes.size() == 3;
    const bool mark = (bytes >= "\u20DD" && bytes <= "\u20E4") || (bytes >= "\u093E" && bytes <= "\u0940") ||
                      (bytes >= "\u0949" && bytes <= "\u094C");  // enclosing ones, vowels of Devanagari
    if (hangul || mark || n_letters > 100) return true;
  }
  return false;
}

// Vocabularies that were cut down and kept merges of tokens that are gone: the library refuses such a file.
bool is_reduced(const fs::path& cases) {
  return cases.stem() == "gemma3-reduced" || cases.stem() == "llama-bpe-reduced";
}

TEST(TokenizerSources, TokenizerJsonGivesTheGoldenIds) {
  for (const fs::path& cases : case_files()) {
    const auto file = GgufFile::open(golden::vocabulary_of(cases).string()).value();
    const std::string text = boost::json::serialize(test::to_tokenizer_json(*file));
    const std::string config = boost::json::serialize(test::to_tokenizer_config(*file));
    if (text.find("\"merges\"") != std::string::npos && is_reduced(cases)) {
      const auto refused = engine::load_tokenizer_bytes(text, {.name = "tokenizer.json", .config = config});
      ASSERT_FALSE(refused) << cases;
      EXPECT_NE(refused.error().detail.find("is no token of the vocabulary"), std::string::npos);
      continue;
    }
    golden::CaseSelection selection;
    if (model_of(*file) == "bert")
      selection = {differs_for_bert, /*ids_only=*/true};  // the text begins with a blank there
    if (cases.stem() == "gemma4-reduced")
      selection.ids_only =
          true;  // its added tokens are runs of U+2581, which the decoder makes blanks and GGUF does not
    expect_same(cases, text, {.name = "tokenizer.json", .config = config, .model = file.get()}, selection);
  }
}

// Gemma's runs of blanks are user-defined symbols of at most 31: SentencePiece takes the longest from the left,
// llama.cpp merges two halves.
bool differs_for_sentencepiece(const std::string& text) {
  return text.find(std::string(32, ' ')) != std::string::npos;
}

TEST(TokenizerSources, SentencePieceGivesTheGoldenIds) {
  for (const fs::path& cases : case_files()) {
    const auto file = GgufFile::open(golden::vocabulary_of(cases).string()).value();
    if (model_of(*file) != "llama" && model_of(*file) != "t5") continue;
    expect_same(cases, test::to_sentencepiece(*file), {.name = "x.model", .config = {}, .model = file.get()},
                {.skip = differs_for_sentencepiece});
  }
}

// What spm_train wrote itself, with the ids of spm_encode.
TEST(TokenizerSources, TrainedSentencePieceModels) {
  for (const char* const name : {"unigram", "unigram-bytes", "sentencepiece-bpe"}) {
    const fs::path cases = fs::path(QUERN_TEST_DATA_DIR) / "tokenizer" / (std::string(name) + ".json");
    const auto tokenizer = engine::load_tokenizer_file(fs::path(cases).replace_extension(".model"), nullptr);
    ASSERT_TRUE(tokenizer) << tokenizer.error().detail;
    const boost::json::value json = test::read_json(cases);
    const golden::CaseCount count = golden::check_tokenizer_cases(**tokenizer, json.as_array());
    EXPECT_GT(count.n_cases, 50u);
    EXPECT_EQ(count.n_failed, 0u) << name << ": " << count.first;
  }
}

TEST(TokenizerSources, TiktokenGivesTheGoldenIds) {
  for (const fs::path& cases : case_files()) {
    const auto file = GgufFile::open(golden::vocabulary_of(cases).string()).value();
    if (model_of(*file) != "gpt2") continue;
    expect_same(cases, test::to_tiktoken(*file), {.name = "x.tiktoken", .config = {}, .model = file.get()});
  }
}

}  // namespace

}  // namespace quern

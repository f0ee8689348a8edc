#include "app/synth/vocabulary.hpp"

#include "app/synth/merge_list.hpp"
#include "engine/gguf/reader.hpp"
#include "engine/tokenizer/tokenizer.hpp"

#include <unordered_map>

#include <gtest/gtest.h>

namespace quern::app {
namespace {

using engine::TokenKind;

TEST(MergeList, PartsExistBeforeTheyAreJoinedAndResultsDiffer) {
  for (const std::size_t n : {0u, 100u, 5000u, 151643u}) {
    const std::vector<Merge> merges = make_merges("_", n);
    ASSERT_EQ(merges.size(), n);
    std::unordered_map<std::string, std::size_t> known;
    for (const Merge& merge : merges) {
      for (const std::string& part : {merge.left, merge.right}) {
        EXPECT_TRUE(part.size() == 1 || known.contains(part)) << part;
      }
      EXPECT_TRUE(known.emplace(merge.joined(), known.size()).second) << merge.joined();
    }
  }
}

class VocabularyOfShape : public testing::TestWithParam<Shape> {};

TEST_P(VocabularyOfShape, IsComplete) {
  const Vocabulary v = make_vocabulary(GetParam());
  ASSERT_EQ(v.tokens.size(), GetParam().n_vocab);
  ASSERT_EQ(v.types.size(), GetParam().n_vocab);
  EXPECT_TRUE(v.scores.empty() || v.scores.size() == v.tokens.size());
  EXPECT_NE(v.scores.empty(), v.merges.empty()) << "one of them drives the tokenizer";
  std::unordered_map<std::string, std::size_t> ids;
  for (std::size_t i = 0; i < v.tokens.size(); ++i) {
    EXPECT_TRUE(ids.emplace(v.tokens[i], i).second) << "twice: " << v.tokens[i];
  }
  for (const std::uint32_t special : {v.bos, v.eos, v.pad}) {
    ASSERT_LT(special, v.tokens.size());
    EXPECT_EQ(v.types[special], static_cast<std::int32_t>(TokenKind::control));
  }
}

// The tokenizer of the engine accepts it, gives every text back, and finds pieces longer than a character.
TEST_P(VocabularyOfShape, EncodesAndDecodes) {
  engine::gguf::HeaderBuilder header;
  header.put("general.architecture", GetParam().architecture);
  put_vocabulary(make_vocabulary(GetParam()), header);
  const std::vector<std::byte> image = header.build();
  const auto file = engine::gguf::GgufFile::parse(image, "vocabulary").value();
  const auto tokenizer = engine::load_tokenizer(*file);
  ASSERT_TRUE(tokenizer.has_value()) << tokenizer.error().detail;
  EXPECT_EQ((*tokenizer)->n_vocab(), GetParam().n_vocab);
  for (const std::string text :
       {"Once upon a time there was a banana.", "tomato kimono", "  two  blanks\n\ttab",
        "\xC3\xBC \xE2\x82\xAC \xF0\x9F\x98\x80", "x = {\"a\": [1, 2, 3]};", "ALL CAPS", "a"}) {
    const auto ids = (*tokenizer)->encode(text, {.add_special = false}).value();
    EXPECT_EQ((*tokenizer)->decode(ids, false), text);
  }
  const std::string words = "tomato kimono banana";
  EXPECT_LE((*tokenizer)->encode(words, {.add_special = false}).value().size(), words.size() * 2 / 3);
  EXPECT_EQ((*tokenizer)->special().eos, static_cast<engine::TokenId>(make_vocabulary(GetParam()).eos));
}

INSTANTIATE_TEST_SUITE_P(Shapes, VocabularyOfShape, testing::ValuesIn(shapes().begin(), shapes().end()),
                         [](const auto& row) {
                           std::string name(row.param.name);
                           for (char& c : name) {
                             if (c == '-' || c == '.') c = '_';
                           }
                           return name;
                         });

}  // namespace
}  // namespace quern::app

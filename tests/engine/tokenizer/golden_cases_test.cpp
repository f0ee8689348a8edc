// The reference's own cases: the committed vocabularies always, all of them where the full data is at hand.
#include "tests/golden/family.hpp"

#include <cstdlib>

#include <gtest/gtest.h>

namespace quern {

namespace {

std::vector<golden::FileResult> results(const std::filesystem::path& dir) {
  std::vector<golden::FileResult> out;
  golden::kTokenizerFamily.run({.dir = dir}, [&](const golden::FileResult& result) { out.push_back(result); });
  return out;
}

bool is_supported(const golden::FileResult& result) {  // WordPiece has a loader of its own to come
  return result.message.find("found 'bert', supported") == std::string::npos;
}

TEST(TokenizerGoldenCases, CommittedSubset) {
  const std::vector<golden::FileResult> all = results(QUERN_TEST_DATA_DIR);
  EXPECT_GE(all.size(), 6u);
  for (const golden::FileResult& result : all) EXPECT_TRUE(result.passed) << result.file << ": " << result.message;
}

TEST(TokenizerGoldenCases, FullData) {
  const char* const shared = std::getenv("QUERN_SHARED_DIR");
  const std::filesystem::path dir =
      (shared != nullptr ? std::filesystem::path(shared) : std::filesystem::path(QUERN_SOURCE_DIR) / "../shared") /
      "golden";
  if (!std::filesystem::exists(dir / "tokenizer")) GTEST_SKIP() << "no " << dir << "/tokenizer";
  for (const golden::FileResult& result : results(dir))
    EXPECT_TRUE(result.passed || !is_supported(result)) << result.file << ": " << result.message;
}

}  // namespace

}  // namespace quern

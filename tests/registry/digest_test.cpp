#include "registry/digest.hpp"

#include "tests/support/temp_dir.hpp"

#include <string>

#include <gtest/gtest.h>

namespace quern::registry {
namespace {

// Source: FIPS 180-2, appendix B.
constexpr const char* kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* kMillionA = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

TEST(Digest, ReadsTheFormsOfManifestsAndBlobs) {
  const std::string hex(kAbc);
  for (const std::string& text : {hex, "sha256:" + hex, "sha256-" + hex}) {
    const Result<Digest> digest = Digest::parse(text);
    ASSERT_TRUE(digest) << text;
    EXPECT_EQ(digest->hex(), hex);
    EXPECT_EQ(digest->text(), "sha256:" + hex);
    EXPECT_EQ(digest->file_name(), "sha256-" + hex);
  }
  EXPECT_EQ(Digest::parse("sha256:" + std::string(64, 'A'))->hex(), std::string(64, 'a'));
}

TEST(Digest, RefusesWhatIsNone) {
  const std::string hex(kAbc);
  for (const std::string& text : {std::string(), hex.substr(1), hex + "0", "sha512:" + hex,
                                  "sha256:" + hex.substr(1) + "/", std::string("sha256:../../../../etc/passwd"),
                                  "sha256:sha256:" + hex, hex.substr(0, 63) + std::string(1, '\0')}) {
    EXPECT_FALSE(Digest::parse(text)) << text;
  }
}

TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(digest_of("abc")->hex(), kAbc);
  Sha256 hash;
  for (int i = 0; i < 1000; ++i) hash.add(std::string(1000, 'a'));
  EXPECT_EQ(hash.finish()->hex(), kMillionA);
  EXPECT_FALSE(hash.finish());  // it is spent
}

TEST(Sha256, OfAFile) {
  const test::TempDir dir;
  const std::string path = dir.write("a", std::string(1'000'000, 'a'));
  std::uint64_t told = 0;
  EXPECT_EQ(digest_of_file(path, [&](std::uint64_t n) { return told = n, true; })->hex(), kMillionA);
  EXPECT_EQ(told, 1'000'000u);
  EXPECT_EQ(digest_of_file(path, [](std::uint64_t) { return false; }).error().code, Errc::cancelled);
  EXPECT_EQ(digest_of_file(dir.path("none")).error().code, Errc::not_found);
  EXPECT_EQ(digest_of_file(dir.path()).error().code, Errc::bad_input);
}

}  // namespace
}  // namespace quern::registry

#include "server/keys/api_key.hpp"

#include <algorithm>
#include <cctype>
#include <set>

#include <gtest/gtest.h>

namespace quern::server {
namespace {

TEST(RandomSecret, IsPlainTextThatNobodyGuesses) {
  std::set<std::string> seen;
  std::set<char> letters;
  for (int i = 0; i < 200; ++i) {
    const std::string secret = random_secret().value();
    ASSERT_EQ(secret.size(), 46u);
    EXPECT_TRUE(secret.starts_with("qk_"));
    const auto plain = [](unsigned char c) { return std::isalnum(c) != 0; };
    EXPECT_TRUE(std::all_of(secret.begin() + 3, secret.end(), plain)) << secret;
    letters.insert(secret.begin() + 3, secret.end());
    EXPECT_TRUE(seen.insert(secret).second);
  }
  EXPECT_EQ(letters.size(), 62u) << "8600 draws leave none out, but once in 10^58 runs";
}

// Source: RFC 4231, test case 2 with its key padded by zero bytes, which HMAC does anyway.
TEST(HashOf, IsHmacSha256) {
  KeyHash salt{};
  std::copy_n("Jefe", 4, salt.begin());
  const KeyHash hash = hash_of(salt, "what do ya want for nothing?");
  std::string hex;
  for (const unsigned char byte : hash) hex += fmt::format("{:02x}", byte);
  EXPECT_EQ(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(FindKey, KnowsOnlyTheWholeSecret) {
  KeySet set{.salt = random_salt().value(), .keys = {}};
  const std::string secret = random_secret().value();
  set.keys.push_back({.id = "k1", .name = "a", .hash = hash_of(set.salt, secret)});
  set.keys.push_back({.id = "k2", .name = "b", .hash = hash_of(set.salt, "other")});
  EXPECT_EQ(find_key(set, secret), &set.keys[0]);
  EXPECT_EQ(find_key(set, "other"), &set.keys[1]);
  EXPECT_EQ(find_key(set, ""), nullptr);
  EXPECT_EQ(find_key(set, secret.substr(1)), nullptr);
  EXPECT_EQ(find_key(set, secret + "x"), nullptr);
  EXPECT_EQ(find_key(set, std::string(100'000, 'x')), nullptr);
  set.salt[0] ^= 1;
  EXPECT_EQ(find_key(set, secret), nullptr) << "a hash is worth nothing under another salt";
}

TEST(ApiKey, ExpiresAtTheSecond) {
  EXPECT_FALSE(ApiKey{}.expired(INT64_MAX));
  EXPECT_FALSE(ApiKey{.expires_unix_s = 100}.expired(99));
  EXPECT_TRUE(ApiKey{.expires_unix_s = 100}.expired(100));
}

TEST(ScopeSet, LargerScopesIncludeSmallerOnes) {
  const auto of = [](KeyScope scope) {
    ScopeSet set;
    set.add(scope);
    return set;
  };
  EXPECT_FALSE(ScopeSet{}.grants(KeyScope::read));
  EXPECT_TRUE(ScopeSet{}.grants(KeyScope::none));
  EXPECT_TRUE(of(KeyScope::read).grants(KeyScope::read));
  EXPECT_FALSE(of(KeyScope::read).grants(KeyScope::infer));
  EXPECT_TRUE(of(KeyScope::infer).grants(KeyScope::read));
  EXPECT_FALSE(of(KeyScope::infer).grants(KeyScope::admin));
  EXPECT_TRUE(of(KeyScope::admin).grants(KeyScope::infer));
  EXPECT_EQ(scope_names(of(KeyScope::infer)), "infer");
  EXPECT_EQ(scope_named("admin"), KeyScope::admin);
  EXPECT_EQ(scope_named("none"), std::nullopt);
  EXPECT_EQ(scope_named(""), std::nullopt);
}

TEST(CheckNames, PlainTextAndNobodyElses) {
  EXPECT_TRUE(check_key_name("team-a.b_9", "NAME"));
  for (const char* bad : {"", "a b", "a\"", "a/b", "\xc3\xa9"}) EXPECT_FALSE(check_key_name(bad, "NAME")) << bad;
  EXPECT_FALSE(check_key_name(std::string(65, 'a'), "NAME"));
  for (const char* bad : {"anonymous", "uid-1000", "key-0123"}) EXPECT_FALSE(check_tenant_name(bad, "NAME")) << bad;
  EXPECT_EQ(check_tenant_name("uid-0", "--tenant").error().field, "--tenant");
}

}  // namespace
}  // namespace quern::server

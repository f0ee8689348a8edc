#include "server/keys/key_store.hpp"

#include "tests/server/keys/keys_fixture.hpp"

#include <fstream>

#include <sys/stat.h>
#include <unistd.h>

namespace quern::server {
namespace {

using test::KeysFile;

TEST(KeyStore, AMissingFileIsAnErrorOnlyWhereItWasNamed) {
  KeysFile file;
  EXPECT_EQ(KeyStore::open(file.path, true).error().code, Errc::not_found);
  const auto store = KeyStore::open(file.path, false).value();
  EXPECT_EQ(store->current(), nullptr);
  file.add("alice", KeyScope::infer);
  EXPECT_EQ(store->current(), nullptr) << "not before it is told to look";
  EXPECT_TRUE(store->reload());
  EXPECT_EQ(store->current()->keys.size(), 1u);
}

TEST(KeyStore, ABrokenFileIsAnErrorInAnyCase) {
  const test::TempDir dir;
  const std::string path = dir.write("keys.json", "{}");
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  EXPECT_EQ(KeyStore::open(path, false).error().code, Errc::corrupt);
}

TEST(KeyStore, WhatCannotBeReadAgainStaysAsItWas) {
  KeysFile file;
  const std::string secret = file.add("alice", KeyScope::infer);
  const auto store = KeyStore::open(file.path, true).value();
  const auto taken = store->current();
  std::ofstream(file.path, std::ios::trunc) << "{";
  EXPECT_EQ(store->reload().error().code, Errc::corrupt);
  EXPECT_NE(find_key(*store->current(), secret), nullptr);
  ::unlink(file.path.c_str());
  EXPECT_EQ(store->reload().error().code, Errc::not_found);
  EXPECT_NE(find_key(*store->current(), secret), nullptr);
  file.add("bob", KeyScope::infer);
  EXPECT_TRUE(store->reload());
  EXPECT_EQ(find_key(*store->current(), secret), nullptr);
  EXPECT_NE(find_key(*taken, secret), nullptr) << "who has taken a set keeps it";
}

}  // namespace
}  // namespace quern::server

#include "server/keys/key_file.hpp"

#include "tests/server/keys/keys_fixture.hpp"

#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

namespace quern::server {
namespace {

using test::KeysFile;

std::string content(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

mode_t mode_of(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0);
  return info.st_mode & 07777u;
}

TEST(KeyFile, KeepsAllButTheSecret) {
  KeysFile file;
  const std::string secret = file.add("alice", KeyScope::infer, 4'000'000'000, "team", 2.5f);
  file.add("bob", KeyScope::admin);
  EXPECT_EQ(mode_of(file.path), 0600u);
  EXPECT_EQ(content(file.path).find(secret.substr(3)), std::string::npos);
  const KeySet set = read_key_file(file.path).value();
  ASSERT_EQ(set.keys.size(), 2u);
  const ApiKey& alice = set.keys[0];
  EXPECT_EQ(find_key(set, secret), &alice);
  EXPECT_EQ(alice.name, "alice");
  EXPECT_EQ(alice.tenant, "team");
  EXPECT_EQ(alice.weight, 2.5f);
  EXPECT_EQ(alice.created_unix_s, 1);
  EXPECT_EQ(alice.expires_unix_s, 4'000'000'000);
  EXPECT_EQ(scope_names(alice.scopes), "infer");
  EXPECT_TRUE(set.keys[1].scopes.grants(KeyScope::admin));
  EXPECT_EQ(keys_text(parse_keys(keys_text(set)).value()), keys_text(set));
}

TEST(KeyFile, ANewOneHasASaltOfItsOwn) {
  KeysFile one, other;
  one.add("a", KeyScope::read);
  other.add("a", KeyScope::read);
  EXPECT_NE(read_key_file(one.path).value().salt, read_key_file(other.path).value().salt);
}

TEST(KeyFile, AFailedEditChangesNothing) {
  KeysFile file;
  file.add("alice", KeyScope::infer);
  const std::string before = content(file.path);
  const Status status = edit_key_file(file.path, [](KeySet& set) -> Status {
    set.keys.clear();
    return fail(Errc::not_found, "no");
  });
  EXPECT_EQ(status.error().detail, "no");
  EXPECT_EQ(content(file.path), before);
}

TEST(KeyFile, NamesWhatIsWrongInIt) {
  KeysFile file;
  file.add("alice", KeyScope::infer);
  const std::string good = content(file.path);
  const auto with = [&good](const std::string& from, const std::string& to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  const struct {
    std::string text, named;
  } cases[] = {
      {"", ""},
      {"[]", ""},
      {good.substr(0, good.size() / 2), ""},
      {with("\"version\": 1", "\"version\": 2"), "version"},
      {with("\"salt\": \"", "\"salt\": \"00"), "salt"},
      {with("\"hash\": \"", "\"hash\": \"zz"), "keys[0].hash"},
      {with("\"infer\"", "\"root\""), "keys[0].scopes"},
      {with("\"infer\"", ""), "keys[0].scopes"},
      {with("\"weight\": 1", "\"weight\": 0"), "keys[0].weight"},
      {with("\"weight\": 1", "\"weight\": \"1\""), "keys[0].weight"},
      {with("\"tenant\": \"alice\"", "\"tenant\": \"uid-0\""), "keys[0].tenant"},
      {with("\"name\": \"alice\"", "\"name\": \"a b\""), "keys[0].name"},
      {with("\"name\"", "\"scope\": [\"admin\"], \"name\""), "keys[0].scope"},
      {with("\"expires_unix_s\": 0", "\"expires_unix_s\": -5"), "keys[0]"},
      {with("\"keys\": [", "\"keys\": [7, "), "keys[0]"},
      {with("\"version\": 1", "\"version\": 1, \"version\": 1"), "comes twice"},
  };
  for (const auto& item : cases) {
    std::ofstream(file.path, std::ios::binary | std::ios::trunc) << item.text;
    const auto read = read_key_file(file.path);
    ASSERT_FALSE(read) << item.text;
    EXPECT_EQ(read.error().code, Errc::corrupt);
    EXPECT_NE(read.error().detail.find(file.path), std::string::npos) << read.error().detail;
    EXPECT_NE(read.error().detail.find(item.named), std::string::npos) << read.error().detail;
    EXPECT_FALSE(edit_key_file(file.path, [](KeySet&) -> Status { return {}; }));
    EXPECT_EQ(content(file.path), item.text) << "what cannot be read is not overwritten";
  }
}

TEST(KeyFile, TheSameKeyTwiceIsAnError) {
  KeysFile file;
  file.add("alice", KeyScope::infer);
  KeySet set = read_key_file(file.path).value();
  set.keys.push_back(set.keys[0]);
  EXPECT_NE(parse_keys(keys_text(set)).error().detail.find("comes twice"), std::string::npos);
  set.keys[1].id = "k2";
  EXPECT_NE(parse_keys(keys_text(set)).error().detail.find("comes twice"), std::string::npos);
}

TEST(KeyFile, OthersMayNeitherWriteItNorAllReadIt) {
  KeysFile file;
  file.add("alice", KeyScope::infer);
  for (const mode_t bad : {0644, 0666, 0620, 0601}) {
    ASSERT_EQ(::chmod(file.path.c_str(), bad), 0);
    const auto read = read_key_file(file.path);
    ASSERT_FALSE(read) << bad;
    EXPECT_EQ(read.error().code, Errc::bad_input);
    EXPECT_NE(read.error().detail.find("want mode 0600"), std::string::npos) << read.error().detail;
  }
  ASSERT_EQ(::chmod(file.path.c_str(), 0640), 0);
  EXPECT_TRUE(read_key_file(file.path));
}

TEST(KeyFile, AnEditKeepsWhoMayReadIt) {
  KeysFile file;
  file.add("alice", KeyScope::infer);
  ASSERT_EQ(::chmod(file.path.c_str(), 0640), 0);
  file.add("bob", KeyScope::infer);
  EXPECT_EQ(mode_of(file.path), 0640u);
  if (::geteuid() != 0) GTEST_SKIP() << "only root may give files away";
  ASSERT_EQ(::chown(file.path.c_str(), 12345, 12346), 0);
  file.add("carol", KeyScope::infer);
  struct stat info {};
  ASSERT_EQ(::stat(file.path.c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 12345u);
  EXPECT_EQ(info.st_gid, 12346u);
}

TEST(KeyFile, WhatIsNoFileIsRefused) {
  const test::TempDir dir;
  EXPECT_EQ(read_key_file(dir.path("none.json")).error().code, Errc::not_found);
  EXPECT_EQ(read_key_file("/dev/null/keys.json").error().code, Errc::not_found);
  EXPECT_FALSE(read_key_file(dir.path()));
  const std::string pipe = dir.path("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_NE(read_key_file(pipe).error().detail.find("regular file"), std::string::npos);
  EXPECT_EQ(edit_key_file(dir.path("no/folder/keys.json"), [](KeySet&) -> Status { return {}; }).error().code,
            Errc::not_found);
}

TEST(KeyFile, ALinkStaysALink) {
  KeysFile file;
  file.add("alice", KeyScope::infer);
  const std::string link = file.dir.path("link.json");
  ASSERT_EQ(::symlink(file.path.c_str(), link.c_str()), 0);
  EXPECT_TRUE(edit_key_file(link, [](KeySet& set) -> Status {
    set.keys.clear();
    return {};
  }));
  struct stat info {};
  ASSERT_EQ(::lstat(link.c_str(), &info), 0);
  EXPECT_TRUE(S_ISLNK(info.st_mode));
  EXPECT_TRUE(read_key_file(file.path).value().keys.empty());
}

TEST(KeyFile, EditsAtTheSameTimeAreAllThereAndReadersSeeWholeFiles) {
  KeysFile file;
  file.add("first", KeyScope::read);
  std::atomic<bool> done{false};
  std::thread reader([&] {
    while (!done.load()) EXPECT_TRUE(read_key_file(file.path));
  });
  std::vector<std::thread> writers;
  for (int w = 0; w < 4; ++w) {
    writers.emplace_back([&file, w] {
      for (int i = 0; i < 10; ++i) file.add(fmt::format("w{}-{}", w, i), KeyScope::read);
    });
  }
  for (std::thread& writer : writers) writer.join();
  done.store(true);
  reader.join();
  EXPECT_EQ(read_key_file(file.path).value().keys.size(), 41u);
  int n_files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(file.dir.path())) ++n_files;
  EXPECT_EQ(n_files, 2) << "the keys and the lock; no temporary file is left";
}

}  // namespace
}  // namespace quern::server

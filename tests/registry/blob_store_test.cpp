#include "registry/blob_store.hpp"

#include "tests/support/temp_dir.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace quern::registry {
namespace {

using std::chrono::seconds;

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class BlobStoreTest : public ::testing::Test {
 protected:
  BlobStoreTest() : store_(BlobStore::open(dir_.path("data/models")).value()) {}

  Digest put(std::string_view text) { return store_.put(text).value(); }
  std::string blobs(std::string_view name) const { return dir_.path("data/models/blobs/") + std::string(name); }
  std::size_t n_files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(blobs("")), {}));
  }

  test::TempDir dir_;
  BlobStore store_;
};

TEST_F(BlobStoreTest, MakesItsFolders) {
  EXPECT_TRUE(std::filesystem::is_directory(blobs("")));
  EXPECT_TRUE(BlobStore::existing(dir_.path("data/models")));
  EXPECT_EQ(BlobStore::existing(dir_.path("other")).error().code, Errc::not_found);
  const std::string file = dir_.write("file", "");
  EXPECT_EQ(BlobStore::open(file + "/models").error().code, Errc::io);
  EXPECT_FALSE(BlobStore::open(""));
}

TEST_F(BlobStoreTest, KeepsATextUnderItsDigest) {
  const Digest digest = put("hello");
  EXPECT_EQ(read(store_.path_of(digest)), "hello");
  EXPECT_EQ(store_.path_of(digest), blobs("sha256-" + digest_of("hello")->hex()));
  EXPECT_TRUE(store_.has(digest));
  EXPECT_EQ(store_.size_of(digest).value(), 5u);
  EXPECT_TRUE(store_.owns(store_.path_of(digest)));
  EXPECT_EQ(put("hello"), digest);
  EXPECT_EQ(n_files(), 1u);
}

TEST_F(BlobStoreTest, OwnsNothingBesides) {
  const std::string hex = digest_of("x")->hex();
  EXPECT_FALSE(store_.owns(blobs("sha256-") + hex + ".part"));
  EXPECT_FALSE(store_.owns(blobs(hex)));
  EXPECT_FALSE(store_.owns(blobs("../sha256-") + hex));
  EXPECT_FALSE(store_.owns(dir_.path("sha256-" + hex)));
}

TEST_F(BlobStoreTest, AdoptsAWholeFile) {
  const Digest digest = digest_of("weights").value();
  EXPECT_EQ(store_.part_path(digest), store_.path_of(digest) + ".part");
  EXPECT_EQ(store_.state_path(digest), store_.path_of(digest) + ".part.state");
  EXPECT_EQ(store_.adopt(store_.part_path(digest), digest).error().code, Errc::not_found);
  std::ofstream(store_.part_path(digest)) << "weights";
  EXPECT_FALSE(store_.has(digest));
  ASSERT_TRUE(store_.adopt(store_.part_path(digest), digest));
  EXPECT_EQ(read(store_.path_of(digest)), "weights");
  EXPECT_EQ(n_files(), 1u);
}

TEST_F(BlobStoreTest, AdoptsNoLinkAndNoFolder) {
  const Digest digest = digest_of("weights").value();
  std::filesystem::create_symlink(dir_.write("foreign", "weights"), store_.part_path(digest));
  EXPECT_FALSE(store_.adopt(store_.part_path(digest), digest));
  std::filesystem::remove(store_.part_path(digest));
  std::filesystem::create_directory(store_.part_path(digest));
  EXPECT_FALSE(store_.adopt(store_.part_path(digest), digest));
  EXPECT_FALSE(store_.has(digest));
}

TEST_F(BlobStoreTest, CopiesAFileAndNothingHalf) {
  const std::string text(3'000'000, 'w');
  const std::string path = dir_.write("weights.gguf", text);
  const Result<Digest> digest = store_.copy_in(path);
  ASSERT_TRUE(digest) << digest.error().detail;
  EXPECT_EQ(*digest, digest_of(text).value());
  EXPECT_EQ(read(store_.path_of(*digest)), text);
  EXPECT_EQ(read(path), text);
  struct stat info {};
  ASSERT_EQ(::stat(store_.path_of(*digest).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0644u);
  ASSERT_TRUE(store_.remove(*digest).value());
  EXPECT_EQ(store_.copy_in(path, [](std::uint64_t n) { return n < 2'000'000; }).error().code, Errc::cancelled);
  EXPECT_EQ(store_.copy_in(dir_.path("none")).error().code, Errc::not_found);
  EXPECT_EQ(n_files(), 0u);
}

TEST_F(BlobStoreTest, RemovesWhatNobodyHolds) {
  const Digest digest = put("shared");
  {
    const Result<BlobHold> hold = store_.hold(digest);
    ASSERT_TRUE(hold);
    EXPECT_TRUE(store_.hold(digest));  // many may
    EXPECT_TRUE(store_.is_held(digest));
    EXPECT_FALSE(store_.remove(digest).value());
    EXPECT_TRUE(store_.has(digest));
  }
  EXPECT_FALSE(store_.is_held(digest));
  EXPECT_TRUE(store_.remove(digest).value());
  EXPECT_FALSE(store_.has(digest));
  EXPECT_FALSE(store_.remove(digest).value());
  EXPECT_FALSE(store_.remove(Digest()).value());
  EXPECT_EQ(store_.hold(digest).error().code, Errc::not_found);
}

TEST_F(BlobStoreTest, ListsWholeBlobsAndCountsAllBytes) {
  const Digest a = put("a"), b = put("bb");
  std::ofstream(store_.part_path(digest_of("c").value())) << std::string(8192, 'c');
  std::ofstream(blobs("notes.txt")) << "mine";
  const std::vector<Blob> blobs_found = store_.list().value();
  ASSERT_EQ(blobs_found.size(), 2u);
  EXPECT_EQ(blobs_found[0].digest, std::min(a, b));
  EXPECT_EQ(blobs_found[0].size_bytes + blobs_found[1].size_bytes, 3u);
  EXPECT_GE(store_.total_bytes().value(), 3u + 8192u);
}

TEST_F(BlobStoreTest, SweepsWhatAKillLeftBehindAndKeepsWhatIsInUse) {
  const Digest done = put("whole"), going_on = digest_of("going on").value(), old = digest_of("old").value();
  for (const Digest& digest : {going_on, old}) {
    std::ofstream(store_.part_path(digest)) << std::string(4096, 'x');
    std::ofstream(store_.state_path(digest)) << "state";
  }
  std::ofstream(blobs("tmp-abcdef")) << std::string(4096, 'x');
  const OwnedFd lock(::open(store_.part_path(going_on).c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(::flock(lock.get(), LOCK_EX | LOCK_NB), 0);
  EXPECT_EQ(n_files(), 6u);
  EXPECT_GE(store_.remove_leftovers(seconds(0), true).value(), 2u * 4096);
  EXPECT_EQ(n_files(), 6u);
  ASSERT_TRUE(store_.remove_leftovers(std::chrono::hours(1), false));  // the downloads are younger
  EXPECT_EQ(n_files(), 5u);
  EXPECT_GE(store_.remove_leftovers(seconds(0), false).value(), 4096u);
  EXPECT_TRUE(store_.has(done));
  EXPECT_TRUE(std::filesystem::exists(store_.part_path(going_on)));
  EXPECT_TRUE(std::filesystem::exists(store_.state_path(going_on)));
  EXPECT_EQ(n_files(), 3u);
}

TEST_F(BlobStoreTest, SaysWhenTheDiskIsTooSmall) {
  const std::uint64_t n_free = store_.free_bytes().value();
  EXPECT_GT(n_free, 0u);
  EXPECT_TRUE(store_.check_space(0));
  const Status full = store_.check_space(UINT64_MAX);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Errc::overloaded);
  EXPECT_NE(full.error().detail.find("18446744073709551615 bytes of free disk space"), std::string::npos);
}

// The variables of the process, put back afterwards.
class Variables {
 public:
  Variables(const char* data, const char* home) {
    for (const auto& [name, value] : {std::pair{"XDG_DATA_HOME", data}, std::pair{"HOME", home}}) {
      const char* const old = std::getenv(name);
      old_.emplace_back(name, old == nullptr ? std::nullopt : std::optional<std::string>(old));
      value == nullptr ? ::unsetenv(name) : ::setenv(name, value, 1);
    }
  }
  ~Variables() {
    for (const auto& [name, value] : old_) value ? ::setenv(name, value->c_str(), 1) : ::unsetenv(name);
  }

 private:
  std::vector<std::pair<const char*, std::optional<std::string>>> old_;
};

TEST(ModelsFolder, IsWhereTheDesktopSpecificationSays) {
  const auto folder = [](const char* data, const char* home) {
    const Variables variables(data, home);
    return models_folder("auto");
  };
  EXPECT_EQ(folder("/data", "/home/u"), "/data/quern/models");
  EXPECT_EQ(folder("relative", "/home/u"), "/home/u/.local/share/quern/models");
  EXPECT_EQ(folder(nullptr, "/home/u"), "/home/u/.local/share/quern/models");
  EXPECT_EQ(folder(nullptr, nullptr), "/var/lib/quern/models");
  EXPECT_EQ(folder("", "/"), "/var/lib/quern/models");
  EXPECT_EQ(models_folder("/elsewhere"), "/elsewhere");
}

}  // namespace
}  // namespace quern::registry

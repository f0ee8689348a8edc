#include "registry/pull/part_file.hpp"

#include "tests/support/temp_dir.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

namespace quern::registry::pull {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

class PartFileTest : public ::testing::Test {
 protected:
  std::optional<PartFile> open(const std::string& identity = "sha256:a", std::uint64_t size = 10'000,
                               std::uint64_t chunk = 4096) {
    auto out = PartFile::open(part, state, {size, chunk, identity});
    EXPECT_TRUE(out) << out.error().detail;
    return std::move(*out);
  }
  test::TempDir dir;
  std::string part = dir.path("x.part"), state = dir.path("x.part.state");
};

TEST_F(PartFileTest, RemembersWholeChunks) {
  {
    auto file = open();
    ASSERT_TRUE(file);
    EXPECT_FALSE(file->resumed());
    ASSERT_TRUE(file->write(4096, bytes_of(std::string(4096, 'x'))));
    ASSERT_TRUE(file->mark_whole(1));
  }
  EXPECT_EQ(whole_bytes_in(state), 4096u);
  auto file = open();
  ASSERT_TRUE(file);
  EXPECT_TRUE(file->resumed());
  EXPECT_TRUE(file->chunks().is_whole(1));
  EXPECT_FALSE(file->chunks().is_whole(0));
  EXPECT_EQ(std::filesystem::file_size(part), 10'000u);
}

TEST_F(PartFileTest, KeepsTheChunkSizeItBeganWith) {
  open()->mark_whole(0).value();
  EXPECT_EQ(open("sha256:a", 10'000, 8192)->chunks().chunk_bytes(), 4096u);
}

TEST_F(PartFileTest, AnotherContentBeginsAnew) {
  open()->mark_whole(0).value();
  EXPECT_FALSE(open("sha256:b")->resumed());
  EXPECT_FALSE(open("sha256:a")->resumed());
  open()->mark_whole(0).value();
  EXPECT_FALSE(open("sha256:a", 10'001)->resumed());
}

TEST_F(PartFileTest, OneProcessAtATime) {
  auto file = open();
  EXPECT_FALSE(open());
  file.reset();
  EXPECT_TRUE(open());
}

// Whatever stands in the state file: it opens, and what is not described exactly is not taken for whole.
TEST_F(PartFileTest, BrokenStatesBeginAnew) {
  open()->mark_whole(0).value();
  std::ifstream in(state, std::ios::binary);
  const std::string good((std::istreambuf_iterator<char>(in)), {});
  ASSERT_GT(good.size(), 1024u);
  for (std::size_t at = 0; at < 1024; at += 7) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x15);
    std::ofstream(state, std::ios::binary) << bad;
    EXPECT_FALSE(open()->resumed()) << at;
    std::ofstream(state, std::ios::binary) << good;
  }
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{1023}, std::size_t{1024}, good.size() - 1}) {
    std::ofstream(state, std::ios::binary) << good.substr(0, size);
    EXPECT_FALSE(open()->resumed()) << size;
  }
  std::ofstream(state, std::ios::binary) << good;
  std::filesystem::resize_file(part, 9'999);
  EXPECT_FALSE(open()->resumed());
}

TEST_F(PartFileTest, AFullDiskIsSaidAndWhatIsThereIsKept) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    auto opened = PartFile::open(part, state, {10'000, 4096, "sha256:a"});
    const rlimit limit{5000, 5000};
    if (!opened || !*opened || ::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(1);
    PartFile& file = **opened;
    if (!file.write(0, bytes_of(std::string(4096, 'x'))) || !file.mark_whole(0)) ::_exit(2);
    const Status written = file.write(4096, bytes_of(std::string(4096, 'x')));
    ::_exit(!written && written.error().code == Errc::overloaded &&
                    written.error().detail.find("no room") != std::string::npos
                ? 0
                : 3);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(open()->chunks().is_whole(0));
}

TEST_F(PartFileTest, AnIdentityIsOneLine) {
  EXPECT_FALSE(PartFile::open(part, state, {10, 4096, "a\nchunk 5"}));
  EXPECT_FALSE(PartFile::open(part, state, {10, 4096, ""}));
}

}  // namespace
}  // namespace quern::registry::pull

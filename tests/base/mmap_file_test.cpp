#include "base/mmap_file.hpp"

#include "tests/support/temp_dir.hpp"

#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace quern {
namespace {

std::string_view text_of(const MmapFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

TEST(MmapFile, MapsTheWholeFile) {
  const test::TempDir dir;
  const std::string content(10'000, 'q');
  const Result<MmapFile> file = MmapFile::open(dir.write("weights", content));
  ASSERT_TRUE(file) << file.error().detail;
  EXPECT_EQ(text_of(*file), content);
  EXPECT_EQ(file->path(), dir.path("weights"));
}

TEST(MmapFile, EmptyFileIsAnEmptySpan) {
  const test::TempDir dir;
  const Result<MmapFile> file = MmapFile::open(dir.write("empty", ""));
  ASSERT_TRUE(file);
  EXPECT_TRUE(file->bytes().empty());
}

TEST(MmapFile, MissingFileIsNotFoundAndNamed) {
  const test::TempDir dir;
  const Result<MmapFile> file = MmapFile::open(dir.path("nothing"));
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, Errc::not_found);
  EXPECT_NE(file.error().detail.find(dir.path("nothing")), std::string::npos) << file.error().detail;
}

TEST(MmapFile, RefusesWhatIsNotARegularFile) {
  const test::TempDir dir;
  const std::string fifo = dir.path("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  for (const std::string& path : {dir.path(), fifo, std::string("/dev/null")}) {
    const Result<MmapFile> file = MmapFile::open(path);  // must not wait for a writer of the FIFO
    ASSERT_FALSE(file) << path;
    EXPECT_EQ(file.error().code, Errc::bad_input);
    EXPECT_NE(file.error().detail.find("regular file"), std::string::npos) << file.error().detail;
  }
}

TEST(MmapFile, MoveTakesTheMapAlong) {
  const test::TempDir dir;
  MmapFile first = MmapFile::open(dir.write("a", "aaaa")).value();
  const std::byte* address = first.bytes().data();
  MmapFile second = std::move(first);
  EXPECT_EQ(second.bytes().data(), address);
  EXPECT_EQ(text_of(second), "aaaa");
  second = MmapFile::open(dir.write("b", "bb")).value();
  EXPECT_EQ(text_of(second), "bb");
  EXPECT_EQ(second.path(), dir.path("b"));
}

TEST(MmapFile, SurvivesTheRemovalOfItsName) {
  const test::TempDir dir;
  const MmapFile file = MmapFile::open(dir.write("gone", "still here")).value();
  ASSERT_EQ(::unlink(file.path().c_str()), 0);
  EXPECT_EQ(text_of(file), "still here");
}

}  // namespace
}  // namespace quern

#include "base/fault_guard.hpp"

#include "base/mmap_file.hpp"
#include "tests/support/temp_dir.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

namespace quern {
namespace {

constexpr std::size_t kPage = 4096;

// Reads behind the new end of a file that was truncated under the map, with the guard installed.
void read_truncated(const std::string& path) {
  fault_guard::install();
  const MmapFile file = MmapFile::open(path).value();
  if (::truncate(path.c_str(), kPage) != 0) ::_exit(1);
  volatile std::byte last = file.bytes()[2 * kPage + 5];
  static_cast<void>(last);
}

TEST(FaultGuardDeathTest, TruncatedFileIsNamedAndExitsWithItsOwnCode) {
  const test::TempDir dir;
  const std::string path = dir.write("model.gguf", std::string(3 * kPage, 'w'));
  EXPECT_EXIT(read_truncated(path), testing::ExitedWithCode(fault_guard::kFaultExitCode),
              "fatal: cannot read .*model.gguf at byte 8197: the file was truncated");
}

TEST(FaultGuardDeathTest, FaultElsewhereKeepsItsDefaultAction) {
  const auto fault_unwatched = [] {
    ::signal(SIGBUS, SIG_DFL);  // not a sanitizer's handler
    fault_guard::install();
    const test::TempDir dir;
    const MmapFile other = MmapFile::open(dir.write("other", "x")).value();  // watched, but not at fault
    ::raise(SIGBUS);
    ::raise(SIGBUS);  // the first put the default action back
  };
  EXPECT_EXIT(fault_unwatched(), testing::KilledBySignal(SIGBUS), "");
}

TEST(FaultGuard, EntriesAreReusedAndTheirNumberIsLimited) {
  std::vector<std::byte> memory(fault_guard::kWatchedMax + 1);
  std::vector<fault_guard::Watch> watches;
  for (std::size_t i = 0; i < fault_guard::kWatchedMax; ++i) {
    watches.push_back(fault_guard::watch({&memory[i], 1}, "map"));
    ASSERT_GE(watches.back(), 0);
  }
  EXPECT_EQ(fault_guard::watch({&memory.back(), 1}, "one too many"), -1);
  fault_guard::forget(watches[7]);
  EXPECT_EQ(fault_guard::watch({&memory.back(), 1}, "again"), watches[7]);
  for (const fault_guard::Watch watch : watches) fault_guard::forget(watch);
  fault_guard::forget(-1);  // what an unwatched map holds
}

TEST(FaultGuardDeathTest, LongNamesKeepTheirEnd) {
  const test::TempDir dir;
  std::string name;
  for (int i = 0; i < 4; ++i) name += std::string(100, 'd') + "/";
  const std::string path = dir.write(name + "tail.gguf", std::string(3 * kPage, 'w'));
  EXPECT_EXIT(read_truncated(path), testing::ExitedWithCode(fault_guard::kFaultExitCode), "ddd/tail.gguf at byte");
}

}  // namespace
}  // namespace quern

#include "base/machine_memory.hpp"

#include "tests/support/temp_dir.hpp"

#include <string>

#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace quern {
namespace {

constexpr std::uint64_t kGiB = 1ull << 30;

// A machine of 16 GiB of which 10 can be had, in the files that a kernel shows.
struct FakeMachine {
  test::TempDir dir;
  MemorySource source;

  explicit FakeMachine(const std::string& listing = "0::/a\n",
                       const std::string& meminfo =
                           "MemTotal:       16777216 kB\nMemFree:         1048576 kB\n"
                           "MemAvailable:   10485760 kB\nCached:          9437184 kB\n") {
    source.meminfo = dir.write("meminfo", meminfo);
    source.cgroup = {.root = dir.path("sys"), .proc_self_cgroup = dir.write("self", listing)};
  }
  FakeMachine& file(const std::string& path, const std::string& text) {
    dir.write("sys/" + path, text);
    return *this;
  }
  MachineMemory read() const { return read_machine_memory(source); }
};

TEST(MachineMemory, IsWhatCanBeHadNotWhatIsBuiltIn) {
  const MachineMemory memory = FakeMachine().read();
  EXPECT_EQ(memory.physical, 16 * kGiB);
  EXPECT_EQ(memory.available, 10 * kGiB);
  EXPECT_EQ(memory.cgroup_limit, UINT64_MAX);
  EXPECT_EQ(memory.usable(), 10 * kGiB);
  EXPECT_EQ(default_memory_budget(memory, 0), 10 * kGiB / 10 * 9);
  EXPECT_EQ(memory.describe(), "10.00 of 16.00 GiB of the machine");
}

TEST(MachineMemory, PageCacheOfACgroupV2IsNotInUse) {
  FakeMachine machine;
  machine.file("a/memory.max", "4294967296\n")
      .file("a/memory.current", "3221225472\n")
      .file("a/memory.stat",
            "anon 1073741824\nfile 2147483648\nshmem 0\ninactive_file 1073741824\nactive_file 1073741824\n");
  const MachineMemory memory = machine.read();
  EXPECT_EQ(memory.cgroup_limit, 4 * kGiB);
  EXPECT_EQ(memory.cgroup_left, 3 * kGiB);  // 3 GiB are used, two of them by files
  EXPECT_EQ(memory.usable(), 3 * kGiB);
  EXPECT_EQ(memory.describe(), "10.00 of 16.00 GiB of the machine, 3.00 of 4.00 GiB of the cgroup");
}

TEST(MachineMemory, EveryLevelOfACgroupMustHaveRoom) {
  FakeMachine machine("0::/a/b\n");
  machine.file("a/b/memory.max", "4294967296\n")
      .file("a/b/memory.current", "0\n")
      .file("a/memory.high", "8589934592\n")  // shared with somebody who uses 7 GiB
      .file("a/memory.current", "7516192768\n")
      .file("a/memory.stat", "anon 7516192768\ninactive_file 0\nactive_file 0\n");
  EXPECT_EQ(machine.read().usable(), kGiB);
  machine.file("a/memory.current", "9000000000\n").file("a/memory.stat", "anon 9000000000\n");
  EXPECT_EQ(machine.read().usable(), 0u);  // above its limit already
}

TEST(MachineMemory, CgroupV1CountsChildrenUnderTotal) {
  FakeMachine machine("5:memory:/jobs/7\n");
  machine.file("memory/jobs/7/memory.limit_in_bytes", "4294967296\n")
      .file("memory/jobs/7/memory.usage_in_bytes", "3221225472\n")
      .file("memory/jobs/7/memory.stat",
            "cache 0\ninactive_file 0\nactive_file 0\ntotal_inactive_file 536870912\ntotal_active_file 536870912\n")
      .file("memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(machine.read().usable(), 2 * kGiB);
  machine.file("memory/jobs/7/memory.stat", "inactive_file 1073741824\nactive_file 1073741824\n");
  EXPECT_EQ(machine.read().usable(), 3 * kGiB);
}

TEST(MachineMemory, AGroupWithoutUsageHasItsLimit) {
  FakeMachine machine;
  machine.file("a/memory.max", "4294967296\n");
  EXPECT_EQ(machine.read().usable(), 4 * kGiB);
  machine.file("a/memory.current", "many\n").file("a/memory.stat", "inactive_file\nactive_file x y\n\n");
  EXPECT_EQ(machine.read().usable(), 4 * kGiB);
}

TEST(MachineMemory, AKernelThatDoesNotSayHasAllOfIt) {
  const MachineMemory old = FakeMachine("0::/a\n", "MemTotal:       16777216 kB\nMemFree:  1048576 kB\n").read();
  EXPECT_EQ(old.usable(), 16 * kGiB);
  for (const char* text :
       {"", "MemAvailable: lots kB\n", "MemAvailable: 99999999999999999999 kB\n", "MemAvailable:\n"}) {
    const MachineMemory memory = FakeMachine("0::/a\n", text).read();
    EXPECT_GT(memory.physical, 0u) << text;
    EXPECT_EQ(memory.usable(), memory.physical) << text;
  }
}

TEST(MachineMemory, ALimitBeyondTheMachineIsNone) {
  FakeMachine machine;
  machine.file("a/memory.max", "1099511627776\n").file("a/memory.current", "0\n");
  EXPECT_EQ(machine.read().cgroup_limit, UINT64_MAX);
  EXPECT_EQ(machine.read().usable(), 10 * kGiB);
}

TEST(MachineMemory, OfThisMachineMakesSense) {
  const MachineMemory memory = read_machine_memory();
  EXPECT_GT(memory.physical, std::uint64_t{16} << 20);
  EXPECT_LE(memory.usable(), memory.physical);
}

TEST(DefaultBudget, WeightsThatAreMemoryAlreadyComeOnTop) {
  const MachineMemory memory{.physical = 16 * kGiB, .available = 10 * kGiB};
  EXPECT_EQ(default_memory_budget(memory, 5 * kGiB), 9 * kGiB + 5 * kGiB);
  EXPECT_EQ(default_memory_budget(memory, UINT64_MAX), UINT64_MAX);
}

TEST(HeldInMemory, OnlyFilesOfMemoryFileSystems) {
  EXPECT_EQ(bytes_held_in_memory("/nonexistent/file"), 0u);
  EXPECT_EQ(bytes_held_in_memory("/proc/self/status"), 0u);
  struct statfs system {};
  if (::statfs("/dev/shm", &system) != 0 || system.f_type != TMPFS_MAGIC) GTEST_SKIP() << "no tmpfs at /dev/shm";
  const std::string path = "/dev/shm/quern-test-" + std::to_string(::getpid());
  std::ofstream(path) << "12345";
  EXPECT_EQ(bytes_held_in_memory(path), 5u);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace quern

// Processes that change a registry and are killed at random, one or two at a time: whatever was in the middle, what is
// listed afterwards is whole, manifests say the same as the database, and files of others are as they were.
// QUERN_TEST_ROUNDS: how many kills, 200 by default.
#include "base/xoshiro.hpp"
#include "registry/check.hpp"
#include "tests/registry/registry_fixture.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <thread>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace quern::registry {
namespace {

namespace fs = std::filesystem;

class Process {
 public:
  Process(const std::string& folder, const std::string& foreign, std::uint64_t seed) {
    std::string program = QUERN_REGISTRY_WORKER, seed_text = std::to_string(seed), a = folder, b = foreign;
    char* arguments[] = {program.data(), a.data(), b.data(), seed_text.data(), nullptr};
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return;
    ready_ = OwnedFd(ends[0]);
    const OwnedFd theirs(ends[1]);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDOUT_FILENO);
    if (::posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments, environ) != 0) pid_ = -1;
    ::posix_spawn_file_actions_destroy(&actions);
  }
  ~Process() { end(); }
  Process(const Process&) = delete;

  // How it ended: by the kill, or else by itself.
  bool end() {
    if (pid_ <= 0) return false;
    ::kill(pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  }
  bool started() const { return pid_ > 0; }
  // Until it has opened the registry and begins to work.
  void wait_until_ready() const {
    char byte = 0;
    while (::read(ready_.get(), &byte, 1) < 0 && errno == EINTR) {
    }
  }

 private:
  pid_t pid_ = -1;
  OwnedFd ready_;
};

int rounds() {
  const char* const text = std::getenv("QUERN_TEST_ROUNDS");
  return text == nullptr ? 200 : std::atoi(text);
}

// In memory where there is such a folder: what is tested is kills, not disks.
void prefer_memory() {
  if (::access("/dev/shm", W_OK) == 0) ::setenv("TMPDIR", "/dev/shm", 1);
}

class KillTest : public ::testing::Test {
 protected:
  KillTest() {
    dir_.write("foreign/a.gguf", "foreign");
    dir_.write("foreign/sub/b", "more");
  }

  void expect_foreign_untouched() const {
    EXPECT_EQ(content_of(dir_.path("foreign/a.gguf")), "foreign");
    EXPECT_EQ(content_of(dir_.path("foreign/sub/b")), "more");
    EXPECT_EQ(std::distance(fs::recursive_directory_iterator(dir_.path("foreign")), {}), 3);
  }

  // Returns how many models there are.
  std::size_t expect_whole() const {
    const auto registry = Registry::open(folder());
    EXPECT_TRUE(registry) << registry.error().detail;
    if (!registry) return 0;
    const Result<CheckReport> report = check(**registry, {.digests = true, .repair = false, .on_bytes = {}});
    EXPECT_TRUE(report) << report.error().detail;
    if (!report) return 0;
    for (const Problem& problem : report->problems) {
      ADD_FAILURE() << problem.model << " " << problem.path << ": " << problem.what;
    }
    const auto models = (*registry)->list();
    for (std::size_t i = 0; models && i < models->size(); ++i) {
      const auto previous = (*registry)->previous((*models)[i].name);
      EXPECT_TRUE(previous) << previous.error().detail;
      for (std::size_t j = 0; previous && *previous && j < (*previous)->files.size(); ++j) {
        const ModelFile& file = (*previous)->files[j];
        EXPECT_EQ(digest_of(content_of(file.path)).value(), file.digest) << file.path;
      }
    }
    return report->n_models;
  }
  std::string folder() const { return dir_.path("models"); }

  struct MemoryFirst {
    MemoryFirst() { prefer_memory(); }
  } memory_first_;
  test::TempDir dir_;
};

TEST_F(KillTest, WhatIsListedIsWhole) {
  Xoshiro256 random(2026);
  std::size_t n_models = 0;
  for (int round = 0; round < rounds() && !HasFailure(); ++round) {
    Process first(folder(), dir_.path("foreign"), random.next());
    ASSERT_TRUE(first.started());
    {
      std::optional<Process> second;
      if (round % 2 == 1) second.emplace(folder(), dir_.path("foreign"), random.next());
      if (round % 5 != 0) first.wait_until_ready();  // else: while it begins, too
      std::this_thread::sleep_for(std::chrono::microseconds(random.next() % 30'000));
      EXPECT_TRUE(first.end()) << "round " << round;
      if (second) {
        std::this_thread::sleep_for(std::chrono::microseconds(random.next() % 10'000));  // it goes on alone
        EXPECT_TRUE(second->end()) << "round " << round;
      }
    }
    n_models += expect_whole();
    expect_foreign_untouched();
  }
  EXPECT_GT(n_models, 0u);  // the workers did something
}

}  // namespace
}  // namespace quern::registry

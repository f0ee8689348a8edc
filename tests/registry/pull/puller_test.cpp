#include "registry/pull/puller.hpp"

#include "tests/registry/pull/pull_fixture.hpp"

#include <thread>

namespace quern::registry::pull {
namespace {

TEST_F(PullTest, AFileInSeveralRanges) {
  expect_right();
  EXPECT_TRUE(told(Stage::planned));
  EXPECT_TRUE(told(Stage::downloading));
  EXPECT_TRUE(told(Stage::done));
  const auto last = std::ranges::find(events.rbegin(), events.rend(), Stage::downloading, &PullEvent::stage);
  EXPECT_EQ(last->bytes, kSize);
  EXPECT_EQ(last->total, kSize);
  EXPECT_EQ(hub.body_bytes(), kSize);
}

TEST_F(PullTest, WhatIsHereIsNotFetchedAgain) {
  expect_right();
  expect_right();
  EXPECT_TRUE(told(Stage::present));
  EXPECT_FALSE(told(Stage::downloading));
  EXPECT_EQ(hub.body_bytes(), kSize);
}

TEST_F(PullTest, ThePlanPinsTheCommit) {
  Puller puller(options("hf.co/org/repo"), store, [](const PullEvent&) {});
  const auto plan = puller.plan();
  ASSERT_TRUE(plan) << plan.error().detail;
  EXPECT_EQ(plan->commit, std::string(40, 'c'));
  EXPECT_EQ(plan->quant, "Q8_0");
  EXPECT_EQ(plan->size(), kSize);
  EXPECT_NE(plan->files[0].url.find(plan->commit), std::string::npos);
  EXPECT_EQ(hub.body_bytes(), 0u);
}

TEST_F(PullTest, ManyFilesOverPagesAreOneModel) {
  HubRepo repo;
  repo.files["x-Q8_0-00001-of-00002.gguf"] = HubFile::of(random_bytes(50'000, 2));
  repo.files["x-Q8_0-00002-of-00002.gguf"] = HubFile::of(random_bytes(60'000, 3));
  repo.files["mmproj-F16.gguf"] = HubFile::of(random_bytes(40'000, 4), true);
  for (int i = 0; i < 30; ++i) repo.files["other/" + std::to_string(i) + ".txt"] = HubFile::of("text", true);
  hub.set_repo("org/parts", repo);
  hub.set_page_files(7);
  const auto result = pull("hf.co/org/parts");
  ASSERT_TRUE(result) << result.error().detail;
  ASSERT_EQ(result->files.size(), 3u);
  EXPECT_TRUE(content_of(result->files[0].path) == repo.files["x-Q8_0-00001-of-00002.gguf"].bytes);
  EXPECT_TRUE(content_of(result->files[1].path) == repo.files["x-Q8_0-00002-of-00002.gguf"].bytes);
  EXPECT_TRUE(content_of(result->files[2].path) == repo.files["mmproj-F16.gguf"].bytes);
  EXPECT_EQ(result->files[2].plan.role, sources::Role::projector);
  EXPECT_EQ(leftovers(), 0u);
}

TEST_F(PullTest, ASmallFileOfGitMayComeCompressed) {
  HubRepo repo;
  repo.files["tiny.gguf"] = HubFile::of(random_bytes(5'000, 2), true);
  hub.set_repo("org/small", repo);
  hub.commit({.kind = FaultKind::gzip, .where = "/resolve/", .times = -1});
  hub.commit({.kind = FaultKind::gzip, .where = "/api/", .times = -1});
  const auto result = pull("hf.co/org/small");
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_TRUE(content_of(result->files[0].path) == repo.files["tiny.gguf"].bytes);
}

TEST_F(PullTest, ADigestOfGitIsChecked) {
  HubRepo repo;
  repo.files["tiny.gguf"] = HubFile::of(random_bytes(50'000, 2), true);
  hub.set_repo("org/small", repo);
  hub.commit({.kind = FaultKind::corrupt, .where = "/resolve/", .value = 49'000, .times = -1});
  expect_refusal("git-sha1:", "hf.co/org/small");
  EXPECT_EQ(leftovers(), 0u);
  hub.clear_faults();
  EXPECT_TRUE(pull("hf.co/org/small"));
}

TEST_F(PullTest, TwoAtOnceShareTheWork) {
  hub.set_rate(1'000'000);
  std::vector<std::string> errors(3);
  std::vector<std::thread> threads;
  for (std::string& error : errors) {
    threads.emplace_back([this, &error] {
      Puller puller(options("hf.co/org/repo"), store, [](const PullEvent&) {});
      const auto result = puller.run();
      if (!result) error = result.error().detail;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& error : errors) EXPECT_EQ(error, "");
  EXPECT_EQ(hub.body_bytes(), kSize);
  expect_right();
}

TEST_F(PullTest, ACancelledPullGoesOnWhereItWas) {
  hub.set_rate(500'000);
  std::uint64_t seen = 0;
  Puller* running = nullptr;
  Puller puller(options("hf.co/org/repo"), store, [&](const PullEvent& event) {
    if (event.stage != Stage::downloading) return;
    seen = event.bytes;
    if (seen > kSize / 3) running->cancel();
  });
  running = &puller;
  const auto result = puller.run();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::cancelled);
  EXPECT_EQ(leftovers(), 2u);
  hub.set_rate(0);
  const std::uint64_t before = hub.body_bytes();
  expect_right();
  EXPECT_LT(hub.body_bytes() - before, kSize);
}

TEST_F(PullTest, CopiesOfOtherProgramsAreUsedWhereTheyAre) {
  const std::string digest = HubFile::of(bytes).sha256;
  const std::string cached = dir.write("cache/models--org--repo/blobs/" + digest, bytes);
  PullOptions asked = options("hf.co/org/repo");
  asked.folders.hf_cache = dir.path("cache");
  auto result = pull(asked);
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_EQ(result->files[0].path, cached);
  EXPECT_FALSE(result->files[0].ours);
  EXPECT_EQ(hub.body_bytes(), 0u);

  asked.folders = {"", {dir.path("ollama")}};
  const std::string blob = dir.write("ollama/blobs/sha256-" + digest, bytes);
  result = pull(asked);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->files[0].path, blob);

  std::string damaged = bytes;
  damaged[1000] ^= 1;
  dir.write("ollama/blobs/sha256-" + digest, damaged);
  result = pull(asked);
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->files[0].ours);
  EXPECT_TRUE(content_of(result->files[0].path) == bytes);
  EXPECT_TRUE(content_of(blob) == damaged);
}

TEST_F(PullTest, OfflineAsksNobody) {
  PullOptions asked = options("hf.co/org/repo");
  asked.hub.offline = true;
  const auto result = pull(asked);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().detail.find("offline"), std::string::npos);
  EXPECT_TRUE(hub.records().empty());
}

TEST_F(PullTest, AFileThatDoesNotFitIsNotBegun) {
  HubRepo repo;
  repo.files["x.gguf"] = HubFile::of("x");
  repo.files["x.gguf"].claimed_size = 1ull << 45;
  hub.set_repo("org/huge", repo);
  const auto result = pull("hf.co/org/huge");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::overloaded);
  EXPECT_EQ(leftovers(), 0u);
}

TEST_F(PullTest, APlainAddressIsTakenAsItIsAndRemembered) {
  hub.set_plain("my model.gguf", bytes);
  PullOptions asked = options(hub.url() + "/files/my%20model.gguf");
  auto result = pull(asked);
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_TRUE(content_of(result->files[0].path) == bytes);
  EXPECT_EQ(result->files[0].digest.hex(), HubFile::of(bytes).sha256);
  asked.have_all = [](const sources::PullPlan& plan) { return plan.files[0].validator == "\"v1\""; };
  result = pull(asked);
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->up_to_date);
  EXPECT_TRUE(result->files.empty());
  EXPECT_EQ(hub.body_bytes(), kSize);
}

}  // namespace
}  // namespace quern::registry::pull

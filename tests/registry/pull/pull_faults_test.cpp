// Servers that do not do what they should: every pull ends right, or with one sentence and nothing wrong on the disk.
#include "tests/registry/pull/pull_fixture.hpp"

#include <csignal>

#include <sys/resource.h>

namespace quern::registry::pull {
namespace {

// Inside of the head of an answer, at its end, in the body, around chunks, at the last byte.
TEST_F(PullTest, ConnectionsCutAtEveryKindOfByte) {
  std::vector<std::uint64_t> places{0, 1, 2, 9, 15, 16, 40, 80, 120, kSize, kSize + 100};
  for (std::uint64_t at = 140; at < 240; at += 3) places.push_back(at);
  for (const std::uint64_t head : {150u, 190u}) {
    for (const std::uint64_t at : {kChunk - 1, kChunk, kChunk + 1, 2 * kChunk, 64 * 1024 - 1ul})
      places.push_back(head + at);
  }
  for (const std::uint64_t at : places) {
    SCOPED_TRACE(at);
    hub.clear_faults();
    hub.commit({.kind = FaultKind::cut, .where = "/cdn/", .value = at, .times = 3});
    forget_pulled();
    expect_right();
  }
}

TEST_F(PullTest, AnswersOfTheHubThatAreCut) {
  for (const char* const where : {"/revision/", "/tree/", "/resolve/"}) {
    for (const std::uint64_t at : {0u, 5u, 60u, 100u, 130u}) {
      SCOPED_TRACE(where + std::to_string(at));
      hub.clear_faults();
      hub.commit({.kind = FaultKind::cut, .where = where, .value = at, .times = 2});
      forget_pulled();
      expect_right();
    }
  }
}

TEST_F(PullTest, AServerThatDoesNotKnowRanges) {
  hub.commit({.kind = FaultKind::ignore_range, .where = "/cdn/", .times = -1});
  expect_right();
}

TEST_F(PullTest, AServerThatForgetsRangesInTheMiddle) {
  hub.commit({.kind = FaultKind::ignore_range, .where = "/cdn/", .times = 1, .skip = 2});
  expect_right();
}

TEST_F(PullTest, WithoutRangesABrokenAnswerIsReadAgainPastWhatIsHere) {
  hub.commit({.kind = FaultKind::cut, .where = "/cdn/", .value = 0, .times = 1, .skip = 4});
  for (int i = 0; i < 3; ++i) {
    hub.commit({.kind = FaultKind::ignore_range, .where = "/cdn/", .times = 4});
    hub.commit({.kind = FaultKind::cut, .where = "/cdn/", .value = 100'000, .times = 1});
  }
  expect_right();
}

TEST_F(PullTest, RangesThatAreRefused) {
  hub.commit({.kind = FaultKind::status, .where = "/cdn/", .value = 416, .times = 2});
  expect_right();
  forget_pulled();
  hub.commit({.kind = FaultKind::status, .where = "/cdn/", .value = 416, .times = -1});
  expect_refusal("the file is shorter");
}

TEST_F(PullTest, AnswersWithOtherBytesThanAsked) {
  hub.commit({.kind = FaultKind::wrong_range, .where = "/cdn/", .times = 3});
  hub.commit({.kind = FaultKind::short_range, .where = "/cdn/", .value = 5000, .times = 20});
  expect_right();
  forget_pulled();
  hub.commit({.kind = FaultKind::wrong_range, .where = "/cdn/", .times = -1});
  expect_refusal("Content-Range");
}

TEST_F(PullTest, AnotherSizeThanTheHubSays) {
  hub.commit({.kind = FaultKind::wrong_total, .where = "/cdn/", .times = -1});
  expect_refusal("the hub names 300001 bytes, the server has 300008");
}

TEST_F(PullTest, AHubThatIsBusy) {
  for (const int status : {408, 429, 500, 502, 503, 504}) {
    for (const char* const where : {"/revision/", "/tree/", "/resolve/", "/cdn/"}) {
      SCOPED_TRACE(where + std::to_string(status));
      forget_pulled();
      hub.clear_faults();
      hub.commit({.kind = FaultKind::status,
                  .where = where,
                  .value = static_cast<std::uint64_t>(status),
                  .times = 2,
                  .headers = {{"Retry-After", "0"}}});
      expect_right();
    }
  }
  EXPECT_TRUE(told(Stage::waiting));
}

TEST_F(PullTest, AHubThatAsksForPatience) {
  hub.commit({.kind = FaultKind::status,
              .where = "/resolve/",
              .value = 429,
              .times = 1,
              .headers = {{"RateLimit", "\"api\";r=0;t=0"}}});
  expect_right();
  const auto waiting = std::ranges::find(events, Stage::waiting, &PullEvent::stage);
  ASSERT_NE(waiting, events.end());
  EXPECT_NE(waiting->text.find("trying again in 1.0 s"), std::string::npos) << waiting->text;
  forget_pulled();
  hub.commit({.kind = FaultKind::status,
              .where = "/resolve/",
              .value = 429,
              .times = 1,
              .headers = {{"Retry-After", "7200"}}});
  expect_refusal("come back in 7200 s");
}

TEST_F(PullTest, AServerThatStaysBroken) {
  hub.commit({.kind = FaultKind::status, .where = "/cdn/", .value = 503, .times = -1, .skip = 3});
  expect_refusal("What is here is kept: pull again to go on");
  EXPECT_EQ(leftovers(), 2u);
  const std::uint64_t before = hub.body_bytes();
  ASSERT_GT(before, 0u);
  hub.clear_faults();
  expect_right();
  EXPECT_LT(hub.body_bytes() - before, kSize);
}

TEST_F(PullTest, AddressesThatExpire) {
  for (int i = 1; i < 5; ++i) hub.commit({.kind = FaultKind::expire, .where = "/cdn/", .times = 1, .skip = i});
  expect_right();
  forget_pulled();
  hub.clear_faults();
  hub.commit({.kind = FaultKind::status, .where = "/cdn/", .value = 403, .times = -1});
  expect_refusal("answers 403");
}

TEST_F(PullTest, BytesThatAreWrong) {
  hub.commit({.kind = FaultKind::corrupt, .where = "/cdn/", .value = 200'000, .times = -1});
  const std::string error = expect_refusal("What arrived is deleted");
  EXPECT_NE(error.find(HubFile::of(bytes).sha256), std::string::npos);
  EXPECT_EQ(leftovers(), 0u);
  hub.clear_faults();
  expect_right();
}

TEST_F(PullTest, WhatAnEarlierPullLeftMayBeDamaged) {
  hub.commit({.kind = FaultKind::status, .where = "/cdn/", .value = 503, .times = -1, .skip = 3});
  expect_refusal("kept");
  hub.clear_faults();
  for (const auto& entry : std::filesystem::directory_iterator(dir.path("models/blobs"))) {
    if (entry.path().extension() != ".part") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    for (std::size_t at = 0; at < kSize; at += 1000) file.seekp(static_cast<std::streamoff>(at)).put('!');
  }
  expect_right();
}

TEST_F(PullTest, CompressedAnswersToRangesAreRefused) {
  hub.commit({.kind = FaultKind::gzip, .where = "/cdn/", .times = -1});
  expect_refusal("compressed");
}

TEST_F(PullTest, AnswersWithoutALength) {
  hub.commit({.kind = FaultKind::chunked, .where = "/cdn/", .times = -1});
  expect_right();
  forget_pulled();
  hub.commit({.kind = FaultKind::chunked, .where = "/tree/", .times = -1});
  expect_right();
}

TEST_F(PullTest, ConnectionsThatFallSilent) {
  for (const std::uint64_t at : {0u, 100u, 30'000u}) {
    SCOPED_TRACE(at);
    forget_pulled();
    hub.clear_faults();
    hub.commit({.kind = FaultKind::silence, .where = "/cdn/", .value = at, .times = 2});
    expect_right();
  }
}

TEST_F(PullTest, ConnectionsThatOnlyDrip) {
  hub.commit({.kind = FaultKind::drip, .where = "/cdn/", .value = 20'000, .times = 3});
  expect_right();
}

TEST_F(PullTest, AnswersThatOnlyDripHaveATimeToo) {
  hub.commit({.kind = FaultKind::drip, .where = "/tree/", .value = 150, .times = 1});
  PullOptions asked = options("hf.co/org/repo");
  asked.hub.answer_time = 300ms;
  const auto result = pull(asked);
  ASSERT_TRUE(result) << result.error().detail;
  const auto waiting = std::ranges::find(events, Stage::waiting, &PullEvent::stage);
  ASSERT_NE(waiting, events.end());
  EXPECT_NE(waiting->text.find("was not whole after"), std::string::npos) << waiting->text;
}

TEST_F(PullTest, AFileThatIsReplacedMeanwhileIsFetchedAnew) {
  hub.set_plain("x.gguf", std::string(bytes.rbegin(), bytes.rend()));
  hub.commit({.kind = FaultKind::replace, .where = "/files/", .times = 1, .skip = 4});
  const auto result = pull(hub.url() + "/files/x.gguf");
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_TRUE(content_of(result->files[0].path) == bytes);
  EXPECT_EQ(leftovers(), 0u);
}

TEST_F(PullTest, AFileThatIsReplacedAgainAndAgain) {
  hub.set_plain("x.gguf", bytes);
  hub.commit({.kind = FaultKind::replace, .where = "/files/", .times = -1});
  expect_refusal("replaced again and again", hub.url() + "/files/x.gguf");
}

TEST_F(PullTest, AFullDiskKeepsWhatIsThere) {
  hub.commit({.kind = FaultKind::status, .where = "/cdn/", .value = 503, .times = -1, .skip = 2});
  expect_refusal("kept");
  hub.clear_faults();
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit saved{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &saved), 0);
  const rlimit small{kSize / 2, saved.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const Result<PullResult> result = pull();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &saved), 0);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().detail.find("the disk has no room for more"), std::string::npos) << result.error().detail;
  EXPECT_EQ(leftovers(), 2u);
  const std::uint64_t before = hub.body_bytes();
  expect_right();
  EXPECT_LT(hub.body_bytes() - before, kSize);
}

TEST_F(PullTest, AServerThatIsNotThere) {
  PullOptions asked = options("hf.co/org/repo");
  asked.hub.hf_endpoint = net::parse_url("https://localhost:1").value();
  const auto result = pull(asked);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::io);
  EXPECT_NE(result.error().detail.find("localhost:1"), std::string::npos) << result.error().detail;
}

TEST_F(PullTest, AServerThatNobodyVouchesFor) {
  PullOptions asked = options("hf.co/org/repo");
  asked.tls = net::make_client_tls().value();
  EXPECT_FALSE(pull(asked));
  EXPECT_TRUE(hub.records().empty());
}

}  // namespace
}  // namespace quern::registry::pull

// A hub with one repository, and pulls from it with little patience.
#pragma once

#include "registry/pull/puller.hpp"
#include "tests/support/hub/test_hub.hpp"
#include "tests/support/temp_dir.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace quern::registry::pull {

using test::Fault;
using test::FaultKind;
using test::HubFile;
using test::HubRepo;
using namespace std::chrono_literals;

inline std::string random_bytes(std::size_t size, unsigned seed = 1) {
  std::mt19937 engine(seed);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(engine());
  return out;
}

inline std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

class PullTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kSize = 300'001, kChunk = 16 * 1024;

  PullTest() : hub(dir.path()), store(BlobStore::open(dir.path("models")).value()) {
    HubRepo repo;
    repo.files["x-Q8_0.gguf"] = HubFile::of(bytes);
    hub.set_repo("org/repo", repo);
  }

  PullOptions options(const std::string& name) const {
    PullOptions out;
    out.ref = ModelRef::parse(name, NameRules{}).value();
    out.hub.hf_endpoint = net::parse_url(hub.url()).value();
    out.hub.retries = {.max_attempts = 5, .first_pause = 1ms, .longest_pause = 10ms, .longest_asked = 2s};
    out.hub.silence = 400ms;
    out.limits = {.n_connections = 3, .chunk_bytes = kChunk, .range_bytes = 64 * 1024, .min_rate = 1000};
    out.tls = net::make_client_tls(hub.certificate()).value();
    out.random = [] { return 0.5; };
    return out;
  }

  Result<PullResult> pull(PullOptions asked) {
    events.clear();
    Puller puller(std::move(asked), store, [this](const PullEvent& event) {
      events.push_back(event);
      events.back().plan = nullptr;
    });
    return puller.run();
  }
  Result<PullResult> pull(const std::string& name = "hf.co/org/repo") { return pull(options(name)); }

  // It works, with the right bytes under the right name, and nothing else is left.
  void expect_right(const std::string& name = "hf.co/org/repo") {
    const Result<PullResult> result = pull(name);
    ASSERT_TRUE(result) << result.error().detail;
    ASSERT_FALSE(result->files.empty());
    EXPECT_TRUE(content_of(result->files[0].path) == bytes);
    EXPECT_EQ(std::filesystem::path(result->files[0].path).filename(), "sha256-" + HubFile::of(bytes).sha256);
    EXPECT_EQ(leftovers(), 0u);
    expect_no_leak();
  }
  // It fails with a sentence that has this part.
  std::string expect_refusal(const std::string& part, const std::string& name = "hf.co/org/repo") {
    const Result<PullResult> result = pull(name);
    EXPECT_FALSE(result);
    if (result) return {};
    EXPECT_NE(result.error().detail.find(part), std::string::npos) << result.error().detail;
    EXPECT_EQ(result.error().detail.find('\n'), std::string::npos);
    expect_no_leak();
    return result.error().detail;
  }
  void expect_no_leak() const {
    for (const test::HubRecord& record : hub.records()) {
      if (record.origin == "cdn") {
        EXPECT_EQ(record.authorization, "") << record.target;
      }
    }
  }
  std::size_t leftovers() const { return n_files(".part") + n_files(".state"); }
  std::size_t n_files(std::string_view ending) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(std::filesystem::directory_iterator(dir.path("models/blobs")),
                              [&](const auto& entry) { return entry.path().string().ends_with(ending); }));
  }
  void forget_pulled() {
    std::filesystem::remove_all(dir.path("models/blobs")),
        std::filesystem::create_directories(dir.path("models/blobs"));
  }
  bool told(Stage stage) const {
    return std::ranges::any_of(events, [stage](const PullEvent& event) { return event.stage == stage; });
  }

  const std::string bytes = random_bytes(kSize);
  test::TempDir dir;
  test::TestHub hub;
  BlobStore store;
  std::vector<PullEvent> events;
};

}  // namespace quern::registry::pull

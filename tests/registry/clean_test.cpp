#include "registry/clean.hpp"

#include "registry/check.hpp"
#include "tests/registry/registry_fixture.hpp"

#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <sys/stat.h>

namespace quern::registry {
namespace {

using Names = std::vector<std::string>;
using std::chrono::seconds;

class CleanTest : public RegistryFixture {
 protected:
  // n bytes that only this model has.
  Model sized(std::string_view name, std::size_t n, std::int64_t last_used) {
    Model out = model(name, std::string(n, name.front()));
    out.last_used_unix_s = out.created_unix_s = last_used;
    return out;
  }
  CleanReport run(std::optional<std::uint64_t> limit, bool dry_run = false, seconds min_age = seconds(0)) {
    const Result<CleanReport> report =
        clean(*registry_, {.limit_bytes = limit,
                           .in_use = [this](const Model& m) { return m.name.display() == busy_; },
                           .min_age = min_age,
                           .dry_run = dry_run});
    EXPECT_TRUE(report) << report.error().detail;
    return report ? *report : CleanReport();
  }
  std::string busy_;
};

Names steps_of(const CleanReport& report) {
  Names out;
  for (const CleanStep& step : report.steps) out.push_back(step.name);
  return out;
}

TEST_F(CleanTest, TheLeastRecentlyUsedGoUntilItFits) {
  ASSERT_TRUE(registry_->add(sized("a", 1000, 30)));
  ASSERT_TRUE(registry_->add(sized("b", 1000, 10)));
  ASSERT_TRUE(registry_->add(sized("c", 1000, 20)));
  Model pinned = sized("d", 1000, 5);
  pinned.pinned = true;
  ASSERT_TRUE(registry_->add(pinned));
  ASSERT_TRUE(registry_->add(sized("e", 1000, 6)));
  busy_ = "e:latest";
  const CleanReport planned = run(3500, true);
  EXPECT_EQ(steps_of(planned), (Names{"b:latest", "c:latest"}));
  EXPECT_EQ(planned.bytes_before, 5000u);
  EXPECT_EQ(planned.bytes_after, 3000u);
  EXPECT_EQ(planned.kept, (Names{"d:latest: pinned", "e:latest: in use"}));
  EXPECT_EQ(names().size(), 5u);
  const CleanReport done = run(3500);
  EXPECT_EQ(steps_of(done), steps_of(planned));
  EXPECT_EQ(done.bytes_after, 3000u);
  EXPECT_EQ(names(), (Names{"a:latest", "d:latest", "e:latest"}));
  EXPECT_TRUE(run(5000).steps.empty());
  EXPECT_EQ(run(0).bytes_after, 2000u);  // what is pinned and in use stays
}

TEST_F(CleanTest, FilesThatOthersNameFreeNothing) {
  Model a = sized("a", 1000, 1), b = sized("b", 500, 2);
  b.files.push_back(a.files[0]);
  ASSERT_TRUE(registry_->add(a));
  ASSERT_TRUE(registry_->add(b));
  const std::string foreign = dir_.write("foreign.gguf", std::string(5000, 'x'));
  Model elsewhere = a;
  elsewhere.name = named("f");
  elsewhere.last_used_unix_s = 0;
  elsewhere.files = {{.path = foreign, .size_bytes = 5000}};
  ASSERT_TRUE(registry_->add(elsewhere));
  const CleanReport report = run(1200);
  EXPECT_EQ(steps_of(report), Names{"b:latest"});  // a alone would free nothing, f has nothing of ours
  EXPECT_EQ(report.bytes_after, 1000u + 0u);
  EXPECT_EQ(names(), (Names{"a:latest", "f:latest"}));
  EXPECT_TRUE(std::filesystem::exists(foreign));
}

TEST_F(CleanTest, LeftoversAndPreviousVersionsGoFirst) {
  ASSERT_TRUE(registry_->add(sized("a", 1000, 1)));
  Model newer = sized("a", 1500, 1);
  ASSERT_TRUE(registry_->add(newer, OnConflict::replace));
  ASSERT_TRUE(registry_->blobs().put(std::string(700, 'u')));
  std::ofstream(dir_.path("models/blobs/tmp-dead")) << std::string(4096, 't');
  EXPECT_EQ(steps_of(run(std::nullopt, true, std::chrono::hours(1))), Names{"unfinished downloads and copies"});
  const CleanReport report = run(2000);
  ASSERT_EQ(report.steps.size(), 3u);
  EXPECT_EQ(report.steps[0].what, CleanStep::What::leftovers);
  EXPECT_EQ(report.steps[1].what, CleanStep::What::unnamed_blob);
  EXPECT_EQ(report.steps[1].n_bytes, 700u);
  EXPECT_EQ(report.steps[2].what, CleanStep::What::previous_version);
  EXPECT_EQ(report.steps[2].n_bytes, 1000u);
  EXPECT_EQ(report.bytes_after, 1500u);
  EXPECT_EQ(names(), Names{"a:latest"});
}

TEST_F(CleanTest, WithoutALimitNoModelGoes) {
  ASSERT_TRUE(registry_->add(sized("a", 1000, 1)));
  EXPECT_TRUE(run(std::nullopt).steps.empty());
  EXPECT_EQ(names().size(), 1u);
}

class CheckTest : public RegistryFixture {
 protected:
  CheckReport run(bool repair = false, bool digests = true) {
    const Result<CheckReport> report = check(*registry_, {.digests = digests, .repair = repair, .on_bytes = {}});
    EXPECT_TRUE(report) << report.error().detail;
    return report ? *report : CheckReport();
  }
  void damage(std::string_view text, std::string_view with) {
    std::ofstream(registry_->blobs().path_of(digest_of(text).value())) << with;
  }
};

TEST_F(CheckTest, WhatIsWholeHasNoProblems) {
  ASSERT_TRUE(registry_->add(model("a", "one")));
  ASSERT_TRUE(registry_->copy(named("a"), named("b")));
  registry_->touch(named("a"));
  const CheckReport report = run();
  EXPECT_EQ(report.n_models, 2u);
  EXPECT_EQ(report.n_files, 2u);
  EXPECT_TRUE(report.problems.empty()) << report.problems[0].what;
}

TEST_F(CheckTest, DamagedAndMissingFilesAreFoundAndNoLongerListed) {
  ASSERT_TRUE(registry_->add(model("good", "good")));
  ASSERT_TRUE(registry_->add(model("changed", "same size")));
  ASSERT_TRUE(registry_->add(model("shorter", "shorter")));
  ASSERT_TRUE(registry_->add(model("missing", "missing")));
  const std::string foreign = dir_.write("foreign.gguf", "foreign");
  Model elsewhere = model("elsewhere", "x");
  elsewhere.files = {{.path = foreign, .digest = digest_of("foreign").value(), .size_bytes = 7}};
  ASSERT_TRUE(registry_->add(elsewhere));
  damage("same size", "SAME SIZE");
  damage("shorter", "s");
  std::filesystem::remove(registry_->blobs().path_of(digest_of("missing").value()));
  dir_.write("foreign.gguf", "FOREIGN");
  EXPECT_EQ(run(false, false).problems.size(), 2u);  // sizes alone
  const CheckReport report = run();
  ASSERT_EQ(report.problems.size(), 4u);
  EXPECT_EQ(report.problems[0].model, "changed:latest");
  EXPECT_NE(report.problems[0].what.find("want " + digest_of("same size")->text()), std::string::npos);
  EXPECT_EQ(report.problems[0].remedy, "quern pull changed:latest");
  EXPECT_EQ(names().size(), 5u);  // nothing was changed
  EXPECT_TRUE(run(true).problems[0].repaired);
  EXPECT_EQ(names(), Names{"good:latest"});
  EXPECT_FALSE(has("same size"));
  EXPECT_EQ(content_of(foreign), "FOREIGN");
  EXPECT_TRUE(run().problems.empty());
}

TEST_F(CheckTest, ManifestsAreWrittenAnew) {
  ASSERT_TRUE(registry_->add(model("a", "one")));
  const std::string path = dir_.path("models/manifests/registry.ollama.ai/library/a/latest.json");
  const std::string good = content_of(path);
  for (const std::string& text : {std::string(), std::string("{nonsense"), good.substr(0, good.size() / 2)}) {
    std::ofstream(path) << text;
    ASSERT_EQ(run().problems.size(), 1u);
    EXPECT_TRUE(run(true).problems.at(0).repaired);
    EXPECT_EQ(content_of(path), good);
  }
  std::filesystem::remove(path);
  EXPECT_EQ(run(true).problems.size(), 1u);
  EXPECT_EQ(content_of(path), good);
}

TEST_F(CheckTest, ALostDatabaseIsMadeFromTheManifests) {
  Model a = model("a", "one");
  a.pinned = true;
  a.variants["precise"].system = "Think.";
  ASSERT_TRUE(registry_->add(a));
  ASSERT_TRUE(registry_->add(model("gone", "gone")));
  const Model before = registry_->find(named("a")).value();
  std::filesystem::remove(registry_->blobs().path_of(digest_of("gone").value()));
  registry_.reset();
  // Pages of it overwritten, cut short, or no database at all.
  const std::string path = dir_.path("models/registry.db"), whole = content_of(path);
  for (const std::string& broken :
       {std::string("not a database, but a text that is long enough to be looked at as one......"),
        whole.substr(0, 100) + std::string(whole.size() - 100, '\x5a')}) {
    for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(path + suffix);
    std::ofstream(path, std::ios::binary) << broken;
    std::vector<Problem> problems;
    Result<std::unique_ptr<Registry>> opened = open_or_rebuild(dir_.path("models"), problems);
    ASSERT_TRUE(opened) << opened.error().detail;
    registry_ = std::move(*opened);
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_EQ(content_of(path + ".broken"), broken);
    const CheckReport report = run(true);
    ASSERT_EQ(report.problems.size(), 2u);
    EXPECT_EQ(report.problems[0].remedy, "listed again");
    EXPECT_NE(report.problems[1].remedy.find("cannot be listed"), std::string::npos);
    EXPECT_EQ(names(), Names{"a:latest"});
    EXPECT_EQ(registry_->find(named("a")).value(), before);
    registry_.reset();
  }
  std::vector<Problem> none;
  registry_ = open_or_rebuild(dir_.path("models"), none).value();
  EXPECT_TRUE(none.empty());
}

}  // namespace
}  // namespace quern::registry

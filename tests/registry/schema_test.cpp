// Databases of older and newer versions, and files that are no registry at all.
#include "registry/schema.hpp"

#include "tests/registry/registry_fixture.hpp"

#include <filesystem>
#include <fstream>

namespace quern::registry {
namespace {

using sqlite::Database;

std::int64_t version_of(const std::string& path) {
  Database database = Database::open(path, Database::Mode::read_write, std::chrono::seconds(1)).value();
  sqlite::Statement version(database, "PRAGMA user_version");
  return version.step() ? version.integer(0) : -1;
}

// As the quern of that version left it, with a model.
void make_old(const std::string& folder, std::size_t version) {
  std::filesystem::create_directories(folder + "/blobs");
  const std::string blob = "blobs/" + digest_of("weights")->file_name();
  std::ofstream(folder + "/" + blob) << "weights";
  Database database = Database::open(folder + "/registry.db", Database::Mode::create, std::chrono::seconds(1)).value();
  for (std::size_t i = 0; i < version; ++i) ASSERT_TRUE(database.execute(migrations()[i]));
  ASSERT_TRUE(database.execute(fmt::format("PRAGMA application_id={}; PRAGMA user_version={}", 0x71726d64, version)));
  if (version == 0) return;
  ASSERT_TRUE(database.execute(fmt::format(
      "INSERT INTO models VALUES(7, 'registry.ollama.ai/library/old:latest', '', '', 'llama', 'gguf', '{0}', 'f32', "
      "'f32', 1, 2, 3, 4, 7, 1, 10, 20);"
      "INSERT INTO files VALUES(7, 0, 'weights', '{0}', '{1}', 7);"
      "INSERT INTO settings VALUES(7, '', 0, 'sampling.temperature', '0.5');"
      "INSERT INTO settings VALUES(7, 'precise', 0, 'system', 'Think.')",
      blob, digest_of("weights")->text())));
}

TEST(Schema, EveryOlderVersionBecomesTheNewest) {
  const std::size_t newest = migrations().size();
  EXPECT_GE(newest, 3u);
  for (std::size_t version = 0; version <= newest; ++version) {
    const test::TempDir dir;
    make_old(dir.path("models"), version);
    {
      const auto registry = Registry::open(dir.path("models"));
      ASSERT_TRUE(registry) << version << ": " << registry.error().detail;
      if (version > 0) {
        const Result<Model> model = (*registry)->find(named("old"));
        ASSERT_TRUE(model) << version << ": " << model.error().detail;
        EXPECT_EQ(model->settings.sampling.at(0).second, "0.5");
        EXPECT_EQ(model->variants.at("precise").system, "Think.");
        EXPECT_TRUE(model->pinned);
        EXPECT_EQ(content_of(model->files.at(0).path), "weights");
        // All that newer versions brought works with it.
        ASSERT_TRUE((*registry)->copy(named("old"), named("copy")));
        EXPECT_FALSE((*registry)->previous(named("old")).value());
        ASSERT_TRUE((*registry)->remove(named("old")));
      }
    }
    EXPECT_EQ(version_of(dir.path("models/registry.db")), static_cast<std::int64_t>(newest)) << version;
  }
}

TEST(Schema, ANewerVersionIsLeftAlone) {
  const test::TempDir dir;
  { ASSERT_TRUE(Registry::open(dir.path("models"))); }
  const std::string path = dir.path("models/registry.db");
  const auto newer = static_cast<std::int64_t>(migrations().size()) + 1;
  {
    Database database = Database::open(path, Database::Mode::read_write, std::chrono::seconds(1)).value();
    ASSERT_TRUE(database.execute(fmt::format("PRAGMA user_version={}", newer)));
  }
  const auto registry = Registry::open(dir.path("models"));
  ASSERT_FALSE(registry);
  EXPECT_EQ(registry.error().code, Errc::unsupported);
  EXPECT_NE(registry.error().detail.find("a newer quern made it"), std::string::npos);
  EXPECT_EQ(version_of(path), newer);
}

TEST(Schema, WhatIsNoRegistryIsSaidAndLeftAlone) {
  const std::string texts[] = {std::string("this is a text file, not a database, and long enough to be one "),
                               std::string(4096, '\0') + "x", "SQLite format 3" + std::string(5000, '\7')};
  for (const std::string& text : texts) {
    const test::TempDir dir;
    dir.write("models/registry.db", text);
    const auto registry = Registry::open(dir.path("models"));
    ASSERT_FALSE(registry);
    EXPECT_EQ(registry.error().code, Errc::corrupt) << registry.error().detail;
    EXPECT_EQ(content_of(dir.path("models/registry.db")), text);
  }
  const test::TempDir dir;
  std::filesystem::create_directories(dir.path("models"));
  {
    Database other =
        Database::open(dir.path("models/registry.db"), Database::Mode::create, std::chrono::seconds(1)).value();
    ASSERT_TRUE(other.execute("CREATE TABLE recipes(name TEXT)"));
  }
  const std::string before = content_of(dir.path("models/registry.db"));
  const auto registry = Registry::open(dir.path("models"));
  ASSERT_FALSE(registry);
  EXPECT_EQ(registry.error().code, Errc::corrupt);
  EXPECT_NE(registry.error().detail.find("found another database"), std::string::npos);
  EXPECT_EQ(content_of(dir.path("models/registry.db")), before);
}

}  // namespace
}  // namespace quern::registry

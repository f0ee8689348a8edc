#include "app/model_store.hpp"

#include "app/embedded_model.hpp"
#include "tests/support/temp_dir.hpp"

#include <cstdlib>

#include <gtest/gtest.h>

namespace quern::app {
namespace {

TEST(ModelStore, TextsForTables) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(999), "999 B");
  EXPECT_EQ(bytes_text(4'700'000'000), "4.7 GB");
  EXPECT_EQ(bytes_text(905'000), "905 KB");
  EXPECT_EQ(bytes_text(999'999), "1.0 MB");
  EXPECT_EQ(bytes_text(UINT64_MAX), "18447 PB");
  EXPECT_EQ(rounded_text(0), "");
  EXPECT_EQ(rounded_text(12), "12");
  EXPECT_EQ(rounded_text(292'800), "293K");
  EXPECT_EQ(rounded_text(8'190'000'000), "8.2B");
  EXPECT_EQ(ago_text(0, 100), "never");
  EXPECT_EQ(ago_text(100, 100), "just now");
  EXPECT_EQ(ago_text(100, 50), "just now");
  EXPECT_EQ(ago_text(1000, 1000 + 3600), "1 hour ago");
  EXPECT_EQ(ago_text(1000, 1000 + 3 * 86400), "3 days ago");
}

TEST(ModelStore, NamesBecomeFilesNamesAndSettings) {
  const test::TempDir dir;
  const std::string folder = dir.path("models");
  {
    auto store = open_registry(folder).value();
    const auto model = embedded_model();
    const std::string text(reinterpret_cast<const char*>(model.data()), model.size());
    const registry::Digest digest = store->blobs().put(text).value();
    registry::Model added;
    added.name = registry::ModelRef::parse("story").value();
    added.aliases = {registry::ModelRef::parse("me/tale:v1").value().canonical()};
    added.files = {{.path = store->blobs().path_of(digest), .digest = digest, .size_bytes = text.size()}};
    added.settings.template_text = "{% for m in messages %}{{ m.content }}{% endfor %}";
    added.variants["calm"].sampling = {{"temperature", "0"}};
    ASSERT_TRUE(store->add(added));
  }
  ModelOptions options;
  options.models_dir = folder;
  options.files = {{.path = "story"}};
  ASSERT_TRUE(locate_models(options));
  EXPECT_TRUE(options.files[0].path.starts_with(folder + "/blobs/sha256-"));
  EXPECT_EQ(options.files[0].names, (std::vector<std::string>{"story:latest", "story", "me/tale:v1"}));
  EXPECT_TRUE(options.chat_template.starts_with(folder + "/blobs/"));
  options.files = {{.path = "story@calm", .names = {"mine"}}};
  options.chat_template = "plain";
  ASSERT_TRUE(locate_models(options));
  EXPECT_EQ(options.files[0].names, std::vector<std::string>{"mine"});
  EXPECT_EQ(options.files[0].settings.sampling.size(), 1u);
  EXPECT_EQ(options.chat_template, "plain");
  options.files = {{.path = "nothing"}};
  EXPECT_EQ(locate_models(options).error().code, Errc::not_found);
  options.files = {{.path = ""}, {.path = "/does/not/exist.gguf"}, {.path = "nothing.gguf"}};
  ASSERT_TRUE(locate_models(options));  // the loader says that they are missing
  EXPECT_EQ(options.files[1].path, "/does/not/exist.gguf");
  EXPECT_EQ(options.files[2].path, "nothing.gguf");
}

}  // namespace
}  // namespace quern::app

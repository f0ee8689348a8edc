#include "app/model_digest.hpp"

#include "tests/support/model_editor.hpp"
#include "tests/support/temp_dir.hpp"

#include <functional>
#include <string>

#include <gtest/gtest.h>

namespace quern::app {
namespace {

std::string digest_of(const std::string& path) {
  return model_digest(*engine::gguf::GgufFile::open(path).value()).value();
}

class ModelDigest : public testing::Test {
 protected:
  std::string changed(const std::function<void(test::ModelEditor&)>& change) {
    test::ModelEditor model = test::ModelEditor::read(std::string(QUERN_TEST_DATA_DIR) + "/arch/llama.gguf");
    change(model);
    const std::string path = dir_.path(std::to_string(++n_) + ".gguf");
    model.save(path);
    return digest_of(path);
  }

  const test::TempDir dir_;
  int n_ = 0;
};

TEST_F(ModelDigest, IsThatOfWhatTheFileHolds) {
  const std::string digest = changed([](test::ModelEditor&) {});
  EXPECT_EQ(digest.size(), 64u);
  EXPECT_EQ(digest.find_first_not_of("0123456789abcdef"), std::string::npos) << digest;
  EXPECT_EQ(changed([](test::ModelEditor&) {}), digest) << "wherever it lies";
}

TEST_F(ModelDigest, ChangesWithWeightsMetadataAndShapes) {
  const std::string digest = changed([](test::ModelEditor&) {});
  EXPECT_NE(changed([](test::ModelEditor& m) { m.tensors.begin()->second.values.front() += 1; }), digest);
  EXPECT_NE(changed([](test::ModelEditor& m) { m.tensors.begin()->second.values.back() += 1; }), digest);
  EXPECT_NE(changed([](test::ModelEditor& m) { m.set("general.name", "another"); }), digest);
  EXPECT_NE(changed([](test::ModelEditor& m) { m.set("tokenizer.chat_template", "{{ messages }}"); }), digest);
  EXPECT_NE(changed([](test::ModelEditor& m) { m.put_random("more", {4, 2}); }), digest);
}

// Where one text ends and the next begins is part of it.
TEST_F(ModelDigest, ListsOfTexts) {
  const auto with = [this](const std::vector<std::string>& names) {
    return changed([&](test::ModelEditor& m) { m.set("general.tags", names); });
  };
  EXPECT_NE(with({"ab", "c"}), with({"a", "bc"}));
}

}  // namespace
}  // namespace quern::app

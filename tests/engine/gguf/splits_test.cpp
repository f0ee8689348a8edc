#include "engine/gguf/splits.hpp"

#include "tests/support/gguf_builder.hpp"

#include <filesystem>

#include <gtest/gtest.h>

namespace quern::engine::gguf {
namespace {

namespace fs = std::filesystem;
using kernels::TensorType;
using test::GgufBuilder;

TEST(GgufSplitName, TakesThePatternApart) {
  const auto name = parse_split_name("/models/a-b-00002-of-00013.gguf");
  ASSERT_TRUE(name.has_value());
  EXPECT_EQ(name->prefix, "/models/a-b");
  EXPECT_EQ(name->number, 2u);
  EXPECT_EQ(name->count, 13u);
  EXPECT_EQ(name->path_of(1), "/models/a-b-00001-of-00013.gguf");
}

TEST(GgufSplitName, OtherNamesAreNotSplits) {
  for (const char* path :
       {"model.gguf", "m-00001-of-00002.bin", "m-1-of-2.gguf", "m-00000-of-00002.gguf", "", "m-00003-of-00002.gguf",
        "m-0000a-of-00002.gguf", "m-00001-00002.gguf", ".gguf", "m-+0001-of-00002.gguf", "m-000001-of-00002.gguf"}) {
    EXPECT_FALSE(parse_split_name(path).has_value()) << path;
  }
}

// Three files of two, one and one tensors.
class GgufSplits : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / ("gguf_splits_" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    write(1, part(0).key("general.name", "set").tensor("a", TensorType::f32, {4}).tensor("b", TensorType::f32, {8}));
    write(2, part(1).tensor("c", {2}, std::vector<float>{3, 4}));
    write(3, part(2).alignment(128).tensor("d", TensorType::q8_0, {32}));
  }
  void TearDown() override { fs::remove_all(folder_); }

  static GgufBuilder part(std::uint32_t no, std::uint32_t count = 3, std::int32_t n_tensors = 4) {
    return GgufBuilder().key("split.no", no).key("split.count", count).key("split.tensors.count", n_tensors);
  }
  std::string path(std::uint64_t number) const { return SplitName{(folder_ / "m").string(), 1, 3}.path_of(number); }
  void write(std::uint64_t number, const GgufBuilder& builder) { test::write_file(path(number), builder.build()); }
  std::string error_of(std::uint64_t number = 1) const {
    const auto file = GgufFile::open(path(number));
    return file ? "no error" : file.error().detail;
  }
  fs::path folder_;
};

TEST_F(GgufSplits, AnyFileOpensTheSet) {
  for (const std::uint64_t number : {1, 2, 3}) {
    const auto file = GgufFile::open(path(number)).value();
    EXPECT_EQ(file->n_files(), 3u);
    EXPECT_EQ(file->name(), path(1));
    EXPECT_EQ(file->get_string("general.name").value(), "set");
    ASSERT_EQ(file->tensors().size(), 4u);
    EXPECT_EQ(file->tensors()[3].name, "d");
    EXPECT_EQ(reinterpret_cast<const float*>(file->find_tensor("c")->data.data())[1], 4.0f);
  }
}

TEST_F(GgufSplits, MissingSiblingIsNamed) {
  fs::remove(path(2));
  const auto file = GgufFile::open(path(1));
  ASSERT_FALSE(file.has_value());
  EXPECT_EQ(file.error().code, Errc::not_found);
  EXPECT_NE(file.error().detail.find("m-00002-of-00003.gguf"), std::string::npos) << file.error().detail;
  EXPECT_NE(file.error().detail.find("file 2 of 3"), std::string::npos) << file.error().detail;
}

TEST_F(GgufSplits, ContradictionsAreNamed) {
  struct Case {
    GgufBuilder second;
    const char* mention;
  };
  for (const Case& c :
       {Case{part(2).tensor("c", TensorType::f32, {2}), "\"split.no\": want 1, found 2"},
        Case{part(1, 4).tensor("c", TensorType::f32, {2}), "\"split.count\": want 3, found 4"},
        Case{part(1, 3, 9).tensor("c", TensorType::f32, {2}), "\"split.tensors.count\": want 4, found 9"},
        Case{GgufBuilder().tensor("c", TensorType::f32, {2}), "found a file that is not split"},
        Case{part(1).tensor("a", TensorType::f32, {2}), "tensor \"a\": want it once"},
        Case{part(1), "want 4 tensors in all files, found 3"}, Case{part(1).n_tensors(7), "tensor count: want 7"}}) {
    write(2, c.second);
    EXPECT_NE(error_of().find(c.mention), std::string::npos) << "want " << c.mention << "\nin   " << error_of();
  }
}

TEST_F(GgufSplits, NameMustFitTheKeys) {
  const fs::path renamed = folder_ / "renamed.gguf";
  fs::copy_file(path(1), renamed);
  const auto file = GgufFile::open(renamed.string());
  ASSERT_FALSE(file.has_value());
  EXPECT_NE(file.error().detail.find("...-00001-of-00003.gguf"), std::string::npos) << file.error().detail;
  fs::copy_file(path(2), path(1), fs::copy_options::overwrite_existing);
  EXPECT_NE(error_of().find("...-00002-of-00003.gguf"), std::string::npos) << error_of();
}

TEST_F(GgufSplits, TensorLimitCountsAllFiles) {
  EXPECT_FALSE(GgufFile::open(path(1), {.max_tensors = 3}).has_value());
  EXPECT_TRUE(GgufFile::open(path(1), {.max_tensors = 4}).has_value());
}

TEST_F(GgufSplits, SetOfOneIsAWholeFile) {
  const fs::path whole = folder_ / "whole.gguf";
  test::write_file(whole, part(0, 1, 1).tensor("a", TensorType::f32, {4}).build());
  EXPECT_EQ(GgufFile::open(whole.string()).value()->n_files(), 1u);
}

}  // namespace
}  // namespace quern::engine::gguf

#include "engine/gguf/writer.hpp"

#include "engine/gguf/reader.hpp"

#include <csignal>
#include <filesystem>
#include <limits>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace quern::engine::gguf {
namespace {

namespace fs = std::filesystem;
using kernels::TensorType;
using Dims = std::vector<std::uint64_t>;

class GgufWriterTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / ("gguf_writer_" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    path_ = (folder_ / "out.gguf").string();
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::size_t n_files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  fs::path folder_;
  std::string path_;
};

std::vector<std::byte> pattern(std::size_t n, unsigned seed) {
  std::vector<std::byte> out(n);
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<std::byte>(i * 31 + seed);
  return out;
}

template <class T>
void put_extremes(HeaderBuilder& header, const std::string& name) {
  header.put(name, std::numeric_limits<T>::lowest());
  header.put_array(name + ".array", std::vector<T>{std::numeric_limits<T>::lowest(), std::numeric_limits<T>::max()});
}

TEST_F(GgufWriterTest, EveryValueTypeComesBack) {
  HeaderBuilder header;
  put_extremes<std::uint8_t>(header, "u8");
  put_extremes<std::int8_t>(header, "i8");
  put_extremes<std::uint16_t>(header, "u16");
  put_extremes<std::int16_t>(header, "i16");
  put_extremes<std::uint32_t>(header, "u32");
  put_extremes<std::int32_t>(header, "i32");
  put_extremes<std::uint64_t>(header, "u64");
  put_extremes<std::int64_t>(header, "i64");
  put_extremes<float>(header, "f32");
  put_extremes<double>(header, "f64");
  header.put("yes", true);
  header.put_array("flags", std::vector<bool>{true, false, true});
  header.put("text", "abc");
  const std::vector<std::string> words{"", "a b", std::string("\0x", 2)};
  header.put_array("words", words);
  header.put_array("none", std::vector<float>{});
  ASSERT_TRUE(GgufWriter::create(path_, header).value().finish().has_value());

  const auto file = GgufFile::open(path_).value();
  EXPECT_EQ(file->metadata().size(), 25u);
  EXPECT_EQ(file->get_int("i8").value(), -128);
  EXPECT_EQ(file->get_int("i64").value(), INT64_MIN);
  EXPECT_EQ(file->get_float("f32").value(), std::numeric_limits<float>::lowest());
  EXPECT_EQ(file->get_float("f64").value(), std::numeric_limits<double>::lowest());
  EXPECT_EQ(file->get_int_array("u16.array").value()[1], 65535);
  EXPECT_EQ(file->get_int_array("i32.array").value()[0], INT32_MIN);
  EXPECT_TRUE(file->get_bool("yes").value());
  EXPECT_EQ(file->get_array("flags", ValueType::boolean).value()->raw.size(), 3u);
  EXPECT_EQ(file->get_string("text").value(), "abc");
  EXPECT_EQ(file->get_array("words", ValueType::string).value()->strings[2], words[2]);
  EXPECT_EQ(file->get_array("none", ValueType::f32).value()->count, 0u);
}

TEST_F(GgufWriterTest, TensorsArePaddedAndComeBack) {
  for (const std::uint32_t alignment : {8u, 32u, 4096u}) {
    HeaderBuilder header(alignment);
    ASSERT_TRUE(header.add_tensor("a", TensorType::f32, Dims{3}).has_value());
    ASSERT_TRUE(header.add_tensor("empty", TensorType::f32, Dims{0}).has_value());
    ASSERT_TRUE(header.add_tensor("b", TensorType::q4_k, Dims{512, 3}).has_value());
    ASSERT_TRUE(header.add_tensor("c", TensorType::q8_0, Dims{32, 1, 1, 2}).has_value());
    const auto a = pattern(12, 1), b = pattern(6 * 144, 2), c = pattern(68, 3);
    fs::remove(path_);
    auto writer = GgufWriter::create(path_, header).value();
    EXPECT_FALSE(fs::exists(path_)) << "the name appears when all is there";
    ASSERT_TRUE(writer.write(a).has_value());
    for (std::size_t at = 0; at < b.size(); at += 100) {
      ASSERT_TRUE(writer.write(std::span(b).subspan(at, std::min<std::size_t>(100, b.size() - at))).has_value());
    }
    ASSERT_TRUE(writer.write(c).has_value());
    ASSERT_TRUE(writer.finish().has_value());
    EXPECT_EQ(n_files(), 1u);
    EXPECT_EQ(fs::file_size(path_), header.build().size() + header.data_bytes());

    const auto file = GgufFile::open(path_).value();
    EXPECT_EQ(file->alignment(), alignment);
    ASSERT_EQ(file->tensors().size(), 4u);
    EXPECT_TRUE(std::ranges::equal(file->find_tensor("a")->data, a));
    EXPECT_TRUE(std::ranges::equal(file->find_tensor("b")->data, b));
    EXPECT_TRUE(std::ranges::equal(file->find_tensor("c")->data, c));
    EXPECT_EQ(file->find_tensor("c")->n_dims, 4u);
  }
}

TEST_F(GgufWriterTest, ShapesAreChecked) {
  HeaderBuilder header;
  EXPECT_FALSE(header.add_tensor("a", TensorType::q4_k, Dims{100}).has_value());
  EXPECT_FALSE(header.add_tensor("a", TensorType::f32, Dims{}).has_value());
  EXPECT_FALSE(header.add_tensor("a", TensorType::f32, Dims{1, 1, 1, 1, 1}).has_value());
  EXPECT_FALSE(header.add_tensor("a", TensorType::f32, Dims{UINT64_MAX, 2}).has_value());
  EXPECT_TRUE(header.tensors().empty());
}

TEST_F(GgufWriterTest, UnfinishedFilesDisappear) {
  HeaderBuilder header;
  ASSERT_TRUE(header.add_tensor("a", TensorType::f32, Dims{100}).has_value());
  {
    auto writer = GgufWriter::create(path_, header).value();
    ASSERT_TRUE(writer.write(pattern(40, 1)).has_value());
    EXPECT_EQ(n_files(), 1u);
  }
  EXPECT_EQ(n_files(), 0u);
}

TEST_F(GgufWriterTest, NoFolderIsAnError) {
  const auto writer = GgufWriter::create((folder_ / "none" / "out.gguf").string(), HeaderBuilder());
  ASSERT_FALSE(writer.has_value());
  EXPECT_EQ(writer.error().code, Errc::io);
  EXPECT_NE(writer.error().detail.find("none/out.gguf"), std::string::npos) << writer.error().detail;
}

TEST_F(GgufWriterTest, TargetThatCannotBeReplacedIsAnErrorAndLeavesNothing) {
  fs::create_directories(fs::path(path_) / "not_empty");
  ASSERT_FALSE(GgufWriter::create(path_, HeaderBuilder()).value().finish().has_value());
  EXPECT_EQ(n_files(), 1u);
}

// A file-size limit stands in for a full disk.
TEST_F(GgufWriterTest, FullDiskIsAnErrorAndLeavesNothing) {
  HeaderBuilder header;
  ASSERT_TRUE(header.add_tensor("a", TensorType::f32, Dims{1u << 20}).has_value());
  const std::vector<std::byte> data = pattern(4u << 20, 1);
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{.rlim_cur = 64 * 1024, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  Status outcome;
  {
    auto writer = GgufWriter::create(path_, header);
    outcome = writer ? writer->write(data) : Status(writer.error());
  }
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code, Errc::io);
  EXPECT_NE(outcome.error().detail.find("File too large"), std::string::npos) << outcome.error().detail;
  EXPECT_EQ(n_files(), 0u);
}

}  // namespace
}  // namespace quern::engine::gguf

#include "engine/gguf/reader.hpp"

#include "tests/engine/gguf/corpus.hpp"
#include "tests/support/gguf_builder.hpp"
#include "tests/support/gguf_touch.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include <gtest/gtest.h>

namespace quern::engine::gguf {
namespace {

namespace fs = std::filesystem;
using kernels::TensorType;
using test::GgufBuilder;

// The bytes at their exact size on the heap, so that AddressSanitizer sees the first byte read past the end.
struct Image {
  explicit Image(std::span<const std::byte> from) : size(from.size()), data(new std::byte[from.size()]) {
    std::copy(from.begin(), from.end(), data.get());
  }
  std::span<const std::byte> bytes() const { return {data.get(), size}; }
  std::size_t size;
  std::unique_ptr<std::byte[]> data;
};

Result<std::unique_ptr<GgufFile>> parse(const Image& image, const ReaderLimits& limits = {}) {
  return GgufFile::parse(image.bytes(), "test.gguf", limits);
}

TEST(GgufReader, RefusesEveryCorruptFileAndNamesTheDefect) {
  for (const test::CorruptGguf& item : test::corrupt_ggufs()) {
    SCOPED_TRACE(item.name);
    const auto file = parse(Image(item.bytes));
    ASSERT_FALSE(file.has_value());
    EXPECT_EQ(file.error().code, item.code) << file.error().detail;
    EXPECT_EQ(file.error().detail.find("test.gguf: "), 0u) << file.error().detail;
    for (const std::string& text : item.mentions) {
      EXPECT_NE(file.error().detail.find(text), std::string::npos)
          << "want " << text << "\nin   " << file.error().detail;
    }
  }
}

TEST(GgufReader, ReadsEverySoundFile) {
  for (const test::SoundGguf& item : test::sound_ggufs()) {
    SCOPED_TRACE(item.name);
    const Image image(item.bytes);
    const auto file = parse(image);
    ASSERT_TRUE(file.has_value()) << file.error().detail;
    test::touch_everything(**file);
  }
}

TEST(GgufReader, CorpusOfTheFuzzerIsWhatTheGeneratorMakes) {
  const fs::path folder = fs::path(QUERN_SOURCE_DIR) / "fuzz/corpus/gguf";
  const auto expect_file = [&](const std::string& name, const std::vector<std::byte>& bytes) {
    std::ifstream in(folder / (name + ".gguf"), std::ios::binary);
    ASSERT_TRUE(in.is_open()) << name << ": run make_gguf_corpus " << folder;
    const std::string found((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    EXPECT_EQ(found, std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()))
        << name << ": run make_gguf_corpus " << folder;
  };
  for (const test::CorruptGguf& item : test::corrupt_ggufs()) expect_file(item.name, item.bytes);
  for (const test::SoundGguf& item : test::sound_ggufs()) expect_file(item.name, item.bytes);
}

// A file with every construct, small enough to try each length and each byte.
std::vector<std::byte> small_file() {
  const std::vector<float> values{1, 2, 3, 4, 5, 6, 7, 8};
  return GgufBuilder()
      .key("general.architecture", "llama")
      .key("flag", true)
      .key("words", std::vector<std::string>{"a", "bc"})
      .key("numbers", std::vector<std::int32_t>{1, -2, 3})
      .alignment(64)
      .tensor("a.weight", {4, 2}, values)
      .tensor("b.weight", TensorType::q8_0, {32, 2})
      .build();
}

TEST(GgufReader, EveryTruncationFailsCleanlyOrParses) {
  const std::vector<std::byte> whole = small_file();
  // b.weight ends 68 bytes into its 128: only the padding behind it may be missing.
  const std::size_t last_data_byte = whole.size() - (128 - 68);
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const Image image(std::span<const std::byte>(whole).first(size));
    const auto file = parse(image);
    EXPECT_EQ(file.has_value(), size >= last_data_byte) << "size " << size;
    if (file) test::touch_everything(**file);
  }
}

TEST(GgufReader, NoSingleByteChangeBreaksIt) {
  std::vector<std::byte> bytes = small_file();
  int n_parsed = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::byte original = bytes[i];
    for (const unsigned value : {0x00u, 0x01u, 0x7Fu, 0x80u, 0xFFu, static_cast<unsigned>(original) ^ 0x01u,
                                 static_cast<unsigned>(original) ^ 0x80u}) {
      bytes[i] = static_cast<std::byte>(value);
      const Image image(bytes);
      if (const auto file = parse(image)) {
        test::touch_everything(**file);
        ++n_parsed;
      } else {
        EXPECT_FALSE(file.error().detail.empty());
      }
    }
    bytes[i] = original;
  }
  EXPECT_GT(n_parsed, 100);  // changes inside strings and data are harmless
}

TEST(GgufReader, HandsOutValuesAndTensors) {
  const Image image(small_file());
  const auto file = parse(image).value();
  EXPECT_EQ(file->version(), 3u);
  EXPECT_EQ(file->alignment(), 64u);
  EXPECT_EQ(file->n_files(), 1u);
  EXPECT_EQ(file->metadata().size(), 5u);
  EXPECT_EQ(file->get_string("general.architecture").value(), "llama");
  EXPECT_EQ(file->get_array("words", ValueType::string).value()->strings[1], "bc");
  ASSERT_EQ(file->tensors().size(), 2u);
  const Tensor* a = file->find_tensor("a.weight");
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->n_dims, 2u);
  EXPECT_EQ(a->dims, (std::array<std::uint64_t, 4>{4, 2, 1, 1}));
  EXPECT_EQ(a->n_values(), 8u);
  EXPECT_EQ(reinterpret_cast<const float*>(a->data.data())[7], 8.0f);
  EXPECT_EQ(file->find_tensor("b.weight")->data.size(), 68u);
  EXPECT_EQ(file->find_tensor("c.weight"), nullptr);
}

TEST(GgufReader, EmptyTensorsHaveNoBytes) {
  const Image image(GgufBuilder().tensor("w", TensorType::f32, {4, 0, 3}).build());
  const auto file = parse(image).value();
  EXPECT_EQ(file->tensors()[0].n_values(), 0u);
  EXPECT_TRUE(file->tensors()[0].data.empty());
}

TEST(GgufReader, LimitsAreTheCallers) {
  const Image image(small_file());
  for (const auto& [limits, what] : std::initializer_list<std::pair<ReaderLimits, const char*>>{
           {{.max_keys = 4}, "key count: want at most 4, found 5"},
           {{.max_tensors = 1}, "tensor count: want at most 1, found 2"},
           {{.max_string_bytes = 1}, "at most 1 bytes, found length 5"},
           {{.max_array_items = 2}, "at most 2 items, found 3"}}) {
    const auto file = parse(image, limits);
    ASSERT_FALSE(file.has_value()) << what;
    EXPECT_NE(file.error().detail.find(what), std::string::npos) << file.error().detail;
  }
}

TEST(GgufReader, OpenNamesTheFile) {
  const auto missing = GgufFile::open("/nonexistent/model.gguf");
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, Errc::not_found);
  EXPECT_NE(missing.error().detail.find("/nonexistent/model.gguf"), std::string::npos);
  EXPECT_FALSE(GgufFile::open(testing::TempDir()).has_value());
}

// Every GGUF file of the shared test data, where it is present, and the model in the repository.
TEST(GgufReader, ReadsRealFiles) {
  const char* variable = std::getenv("QUERN_SHARED_DIR");
  const fs::path shared = variable != nullptr ? fs::path(variable) : fs::path(QUERN_SOURCE_DIR) / "../shared";
  std::set<fs::path> paths;
  for (const fs::path& folder : {shared, fs::path(QUERN_SOURCE_DIR) / "etc/models"}) {
    std::error_code ignored;
    for (const auto& entry : fs::recursive_directory_iterator(folder, ignored)) {
      if (entry.path().extension() == ".gguf") paths.insert(entry.path());
    }
  }
  ASSERT_FALSE(paths.empty());
  for (const fs::path& path : paths) {
    const auto file = GgufFile::open(path.string());
    ASSERT_TRUE(file.has_value()) << file.error().detail;
    EXPECT_FALSE((*file)->get_string("general.architecture").value().empty()) << path;
    test::touch_everything(**file);
  }
  RecordProperty("files", static_cast<int>(paths.size()));
}

}  // namespace
}  // namespace quern::engine::gguf

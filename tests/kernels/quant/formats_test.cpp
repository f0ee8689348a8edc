#include "kernels/quant/quant_format.hpp"
#include "tests/golden/dequant_check.hpp"
#include "tests/support/guarded_buffer.hpp"
#include "tests/support/kernel_data.hpp"

#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace quern::kernels {
namespace {

namespace fs = std::filesystem;

TEST(Formats, ListIsInOrderOfIdAndFindsItself) {
  std::set<std::string> names;
  std::uint32_t previous = 0;
  for (const QuantFormat& format : formats()) {
    const auto id = static_cast<std::uint32_t>(format.type);
    EXPECT_TRUE(names.empty() || id > previous) << format.name;
    previous = id;
    EXPECT_TRUE(names.insert(format.name).second) << format.name << " occurs twice";
    EXPECT_LT(id, kTensorTypeIds);
    EXPECT_GT(format.block_bytes, 0u);
    EXPECT_EQ(256 % format.block_values, 0u) << "kernels work in chunks of 256 values";
    EXPECT_EQ(find_format(id), &format);
    EXPECT_EQ(find_format(format.name), &format);
    EXPECT_EQ(&format_of(format.type), &format);
    EXPECT_EQ(format.row_bytes(512), 512 / format.block_values * format.block_bytes);
  }
  EXPECT_EQ(formats().size(), 35u);
}

TEST(Formats, UnknownIdsAndNamesAreNotFound) {
  for (const std::uint32_t id : {4u, 5u, 31u, 32u, 33u, 36u, 38u, 43u, 0xffffffffu})
    EXPECT_EQ(find_format(id), nullptr);
  for (const char* name : {"", "Q4_K", "q4", "q4_k "}) EXPECT_EQ(find_format(name), nullptr) << name;
}

TEST(Formats, RequiredTypesHaveDecoders) {
  for (const char* name :
       {"f32",    "f16",    "bf16",  "q8_0",  "q4_0",  "q4_1",    "q5_0",   "q5_1",  "q2_k",    "q3_k",
        "q4_k",   "q5_k",   "q6_k",  "iq1_s", "iq1_m", "iq2_xxs", "iq2_xs", "iq2_s", "iq3_xxs", "iq3_s",
        "iq4_nl", "iq4_xs", "mxfp4", "nvfp4", "tq1_0", "tq2_0",   "q1_0",   "q2_0"}) {
    ASSERT_NE(find_format(name), nullptr) << name;
    EXPECT_NE(find_format(name)->dequantize, nullptr) << name;
  }
}

// Decoders read whole blocks and nothing else, write n values and nothing else, at any address, and take any bytes.
TEST(Formats, DecodersStayInsideTheirBlocksForAnyBytes) {
  std::mt19937_64 generator(1);
  for (const QuantFormat& format : formats()) {
    if (format.dequantize == nullptr) continue;
    for (int round = 0; round < 64; ++round) {
      const std::size_t n = (1 + static_cast<std::size_t>(round) % 3) * format.block_values;
      const test::GuardedBuffer<std::uint8_t> blocks(format.row_bytes(n));
      for (std::size_t i = 0; i < blocks.size(); ++i) blocks[i] = static_cast<std::uint8_t>(generator());
      const test::GuardedBuffer<float> out(n), again(n);
      format.dequantize(blocks.data(), n, out.data());
      // The same blocks one byte further from any alignment.
      const test::GuardedBuffer<std::uint8_t> moved(blocks.size() + 1);
      std::memcpy(moved.data(), blocks.data(), blocks.size());
      format.dequantize(moved.data(), n, again.data());
      EXPECT_EQ(std::memcmp(out.data(), again.data(), n * sizeof(float)), 0) << format.name;
    }
  }
}

// Every type with a decoder has a golden file in `directory`, and its blocks decode to the stored bits.
void check_directory(const fs::path& directory) {
  std::set<std::uint32_t> seen;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory)) {
    const std::string stem = entry.path().stem().string();
    if (!stem.starts_with("dequant_") || entry.path().extension() != ".json") continue;
    std::string name = stem.substr(8);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    const QuantFormat* format = find_format(name);
    ASSERT_NE(format, nullptr) << stem;
    seen.insert(static_cast<std::uint32_t>(format->type));
    const golden::FileResult result = golden::check_dequant_file(entry.path());
    EXPECT_TRUE(result.passed) << result.file << ": " << result.message;
  }
  for (const QuantFormat& format : formats()) {
    if (format.type == TensorType::f32 || format.dequantize == nullptr) continue;
    EXPECT_TRUE(seen.contains(static_cast<std::uint32_t>(format.type))) << "no golden file for " << format.name;
  }
}

TEST(Formats, CommittedGoldenBlocksDecodeBitForBit) {
  check_directory(fs::path(QUERN_TEST_DATA_DIR) / "quant");
}

TEST(Formats, SharedGoldenBlocksDecodeBitForBit) {
  const char* shared = std::getenv("QUERN_SHARED_DIR");
  const fs::path root = shared != nullptr ? fs::path(shared) : fs::path(QUERN_SOURCE_DIR) / ".." / "shared";
  const fs::path directory = root / "golden" / "quant";
  if (!fs::is_directory(directory)) GTEST_SKIP() << "no " << directory << "; the committed subset was checked";
  check_directory(directory);
}

}  // namespace
}  // namespace quern::kernels

#include "app/embedded_model.hpp"

#include "engine/gguf/reader.hpp"

#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

namespace quern::app {
namespace {

TEST(EmbeddedModel, IsTheFileInEtcAndAligned) {
  std::ifstream in(std::string(QUERN_SOURCE_DIR) + "/etc/models/stories260K.gguf", std::ios::binary);
  const std::string file{std::istreambuf_iterator<char>(in), {}};
  const std::span<const std::byte> bytes = embedded_model();
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(bytes.data()) % 64, 0u);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), file);
}

TEST(EmbeddedModel, IsALlama) {
  const auto file = engine::gguf::GgufFile::parse(embedded_model(), "embedded");
  ASSERT_TRUE(file) << file.error().detail;
  EXPECT_EQ((*file)->get_string("general.architecture").value(), "llama");
}

}  // namespace
}  // namespace quern::app

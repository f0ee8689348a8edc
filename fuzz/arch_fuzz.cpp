// Metadata of every architecture: the first byte chooses a model of the test data, the rest are changes of its metadata
// values, one after the other: (key, action, eight bytes). The model must load and compute a few tokens, or be refused.
#include "tests/support/gguf_image.hpp"
#include "tests/support/model_trial.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace {

using quern::test::GgufImage;

std::vector<GgufImage> read_models() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(QUERN_TEST_DATA_DIR "/arch")) {
    if (entry.path().extension() == ".gguf") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<GgufImage> models;
  for (const auto& path : paths) {
    std::ifstream in(path, std::ios::binary);
    const std::vector<char> bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    models.push_back(GgufImage::parse(std::as_bytes(std::span(bytes))));
    // What describes the tokens is another target's.
    std::erase_if(models.back().keys, [](const GgufImage::Key& key) {
      return key.name.starts_with("tokenizer.") && key.name != "tokenizer.ggml.tokens";
    });
  }
  return models;
}

void change(GgufImage& image, const std::uint8_t* record) {
  const std::size_t index = record[0] % image.keys.size();
  GgufImage::Key& key = image.keys[index];
  const auto* bytes = reinterpret_cast<const std::byte*>(record + 2);
  static constexpr std::size_t kSizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  const std::uint32_t type = record[1] % 14;
  if (type == 13) {
    image.keys.erase(image.keys.begin() + static_cast<std::ptrdiff_t>(index));
  } else if (type == 8) {
    key.type = 8;
    key.value.clear();
    GgufImage::put(key.value, std::uint64_t{4});
    key.value.insert(key.value.end(), bytes, bytes + 4);
  } else if (type == 9) {  // an array of one or two u32
    key.type = 9;
    key.value.clear();
    GgufImage::put(key.value, std::uint32_t{4});
    GgufImage::put(key.value, std::uint64_t{1u + record[1] / 128u});
    key.value.insert(key.value.end(), bytes, bytes + 4 * (1 + record[1] / 128));
  } else {
    key.type = type;
    key.value.assign(bytes, bytes + kSizes[type]);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<GgufImage> models = read_models();
  static quern::test::ModelTrial trial;
  if (size < 11 || models.empty()) return 0;
  GgufImage image = models[data[0] % models.size()];
  for (std::size_t at = 1; at + 10 <= size && !image.keys.empty(); at += 10) change(image, data + at);
  (void)trial.run(image.build());
  return 0;
}

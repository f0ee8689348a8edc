// The committed models of tests/data/arch, or where the full golden data lies beside the checkout, those: for tests
// that hold for every architecture.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace quern::test {

inline std::filesystem::path committed_arch_dir() {
  return QUERN_TEST_DATA_DIR "/arch";
}

// Where models may lie: the two folders of the full data, and the committed one.
inline std::vector<std::filesystem::path> arch_model_dirs() {
  const char* shared = std::getenv("QUERN_SHARED_DIR");
  const std::filesystem::path base = shared != nullptr ? shared : QUERN_SOURCE_DIR "/../shared";
  std::vector<std::filesystem::path> dirs;
  for (const char* const folder : {"golden", "golden-next"}) {
    std::error_code error;
    if (std::filesystem::exists(base / folder / "arch", error)) dirs.push_back(base / folder / "arch");
  }
  dirs.push_back(committed_arch_dir());
  return dirs;
}

// Names without ".gguf", sorted.
inline std::vector<std::string> arch_models() {
  std::vector<std::string> names;
  for (const auto& folder : arch_model_dirs()) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      // Encoders with decoders are not supported.
      if (entry.path().extension() == ".gguf" && entry.path().stem() != "t5")
        names.push_back(entry.path().stem().string());
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

// In the first folder that has it; where none has, a path that does not exist.
inline std::string arch_model_path(const std::string& name) {
  std::filesystem::path path;
  for (const auto& folder : arch_model_dirs()) {
    path = folder / (name + ".gguf");
    if (std::filesystem::exists(path)) break;
  }
  return path.string();
}

// What GoogleTest accepts as part of a test's name.
inline std::string test_name_of(std::string name) {
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
}

}  // namespace quern::test

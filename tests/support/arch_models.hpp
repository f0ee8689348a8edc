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

inline std::filesystem::path arch_model_dir() {
  const char* shared = std::getenv("QUERN_SHARED_DIR");
  const std::filesystem::path base = shared != nullptr ? shared : QUERN_SOURCE_DIR "/../shared";
  std::error_code error;
  if (std::filesystem::exists(base / "golden" / "arch", error)) return base / "golden" / "arch";
  return committed_arch_dir();
}

// Names without ".gguf", sorted: of both folders, since the committed one has models that the full data keeps
// elsewhere.
inline std::vector<std::string> arch_models() {
  std::vector<std::string> names;
  for (const auto& folder : {arch_model_dir(), committed_arch_dir()}) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() == ".gguf") names.push_back(entry.path().stem().string());
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

inline std::string arch_model_path(const std::string& name) {
  const std::filesystem::path full = arch_model_dir() / (name + ".gguf");
  return std::filesystem::exists(full) ? full.string() : (committed_arch_dir() / (name + ".gguf")).string();
}

// What GoogleTest accepts as part of a test's name.
inline std::string test_name_of(std::string name) {
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
}

}  // namespace quern::test

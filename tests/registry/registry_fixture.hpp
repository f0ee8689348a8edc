// A registry in a folder of its own, and small models for it.
#pragma once

#include "registry/registry.hpp"
#include "tests/support/temp_dir.hpp"

#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace quern::registry {

inline ModelRef named(std::string_view text) {
  return ModelRef::parse(text, {.hub_host = "", .working_folder = "/nowhere", .home = ""}).value();
}

inline std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class RegistryFixture : public ::testing::Test {
 protected:
  RegistryFixture() : registry_(Registry::open(dir_.path("models")).value()) {}

  void reopen() {
    registry_.reset();
    registry_ = Registry::open(dir_.path("models")).value();
  }
  // A blob with this text, as a file of a model.
  ModelFile blob(std::string_view text, FileRole role = FileRole::weights) {
    const Digest digest = registry_->blobs().put(text).value();
    return {.role = role, .path = registry_->blobs().path_of(digest), .digest = digest, .size_bytes = text.size()};
  }
  Model model(std::string_view name, std::string_view text) {
    Model out;
    out.name = named(name);
    out.files.push_back(blob(text));
    out.facts = {.family = "llama",
                 .dtype = "q4_k",
                 .quant = "q4_k_m",
                 .params = 1000,
                 .n_ctx = 2048,
                 .n_layer = 2,
                 .vocab_size = 512};
    return out;
  }
  bool has(std::string_view text) const { return registry_->blobs().has(digest_of(text).value()); }
  std::vector<std::string> names() {
    std::vector<std::string> out;
    for (const Model& found : registry_->list().value()) out.push_back(found.name.display());
    return out;
  }
  std::string manifest(std::string_view path) const {
    return content_of(dir_.path("models/manifests/" + std::string(path)));
  }

  test::TempDir dir_;
  std::unique_ptr<Registry> registry_;
};

}  // namespace quern::registry

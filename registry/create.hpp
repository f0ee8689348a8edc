// `quern create`: a model from a description. Threads: any; reads files, copies them where asked.
#pragma once

#include "base/result.hpp"
#include "registry/modelfile.hpp"
#include "registry/registry.hpp"
#include "registry/stores/store_model.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace quern::registry {

struct CreateOptions {
  std::string folder;  // absolute: of relative paths in the description
  bool copy = false;   // files that are not ours become ours; else they are read where they are
  std::function<bool(std::uint64_t)> on_bytes;  // while one is copied: how many; false ends it
};

// FROM a model shares its files, and its settings where the description says nothing. A model that has the name already
// becomes the previous version. Returns what the user should know. Errors: those of names, of resolve(), of the files'
// headers, of Registry::add(); cancelled.
Result<std::vector<std::string>> create(Registry& registry, const StoreFolders& folders, const ModelRef& name,
                                        const Modelfile& description, const CreateOptions& options);

}  // namespace quern::registry

// A model in the folder of another tool, which is read in place and never changed. Threads: values.
#pragma once

#include "registry/model.hpp"

#include <optional>
#include <string>
#include <vector>

namespace quern::registry {

struct StoreModel {
  Model model;                     // digests of its files from the names of the blobs, unverified
  std::vector<std::string> notes;  // what of it is not used, and why
  std::string unusable;            // why it cannot be run at all; empty: it can
};

struct StoreListing {
  std::vector<StoreModel> models;
  std::vector<std::string> notes;  // a folder that cannot be read, a file that is missing: no error of the caller's
};

// The variables that say where the folders are; tests give their own.
struct StoreFolders {
  std::vector<std::string> hugging_face;  // in the order in which they are looked into
  std::vector<std::string> ollama;
};
StoreFolders store_folders();  // of this process's environment

}  // namespace quern::registry

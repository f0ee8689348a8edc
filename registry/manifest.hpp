// A model of the registry as a JSON file that one can read, beside the database, which can be rebuilt from these files:
//   <models>/manifests/<host>/<namespace>/<model>/<tag>.json
// Paths of our own blobs are written relative to the models folder, so that it can be moved. Threads: pure functions.
#pragma once

#include "base/result.hpp"
#include "registry/model.hpp"

#include <string>
#include <string_view>

namespace quern::registry {

// Relative to the models folder. Different names, different files; no part of a name leads out of the folder.
std::string manifest_path(const ModelRef& name);

// folder: of the models; paths below it become relative, and absolute again.
std::string manifest_text(const Model& model, const std::string& folder);
// Errors: corrupt or bad_input, naming the member.
Result<Model> read_manifest(std::string_view text, const std::string& folder);

// "blobs/sha256-.." of a path inside of `folder`, and back; other paths stay as they are.
std::string stored_path(const std::string& path, const std::string& folder);
std::string full_path(const std::string& stored, const std::string& folder);

}  // namespace quern::registry

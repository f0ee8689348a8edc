// Models by name for the commands: the registry of this user, and the files that -m NAME means. Threads: main.
#pragma once

#include "app/options/options.hpp"
#include "base/result.hpp"
#include "registry/registry.hpp"
#include "registry/resolve.hpp"

#include <memory>
#include <string>
#include <vector>

namespace quern::app {

// The registry in the folder that --models-dir means; made where it is missing.
Result<std::unique_ptr<registry::Registry>> open_registry(const std::string& models_dir);
// The same; null where there is none.
Result<std::unique_ptr<registry::Registry>> find_registry(const std::string& models_dir);

Result<bool> has_models(const std::string& models_dir);  // by name

// A file that exists stays what it is. Every other name is looked up (registry/resolve.hpp): paths, names for clients,
// settings. It counts as used then. Errors: not_found with where it was looked for, unsupported, those of the registry.
Status locate_models(ModelOptions& options);

// A model of the registry or of a store as the file to load: paths, names for clients, settings.
ModelFile file_of(const registry::ModelRef& ref, const registry::Model& model);

// "4.7 GB", powers of ten as disks are sold and as other tools show it.
std::string bytes_text(std::uint64_t n_bytes);
// "8.2B", "260K".
std::string rounded_text(std::uint64_t n);
// "3 days ago"; "never" for 0.
std::string ago_text(std::int64_t unix_s, std::int64_t now_unix_s);

}  // namespace quern::app

// What a name on the command line or in a request means: the files to load and the settings to use. Looked for as a
// path, in the registry, in the stores of Ollama and Hugging Face; the first that has it decides. Threads: any.
#pragma once

#include "base/result.hpp"
#include "registry/registry.hpp"
#include "registry/stores/store_model.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace quern::registry {

enum class FoundIn { path, registry, ollama, hugging_face };
std::string_view found_in_name(FoundIn place) noexcept;  // "Ollama"

struct ResolvedModel {
  Model model;                     // of a path: only name and files
  Settings settings;               // with those of the variant
  std::vector<std::string> paths;  // of the weights, split files in their order
  FoundIn found_in = FoundIn::path;
  std::vector<std::string> notes;  // what of it is not used, and why
};

// registry: may be null, where there is none. Errors: not_found, saying where it was looked for; those of names, of
// the registry and of manifests.
Result<ResolvedModel> resolve(Registry* registry, const StoreFolders& folders, std::string_view text);
Result<ResolvedModel> resolve(Registry* registry, const StoreFolders& folders, const ModelRef& ref);

// Before it is loaded: whether it has parts that would be left out without a word, or a form that only Ollama reads.
// Reads the header of its first file. Errors: unsupported, those of the GGUF reader.
Status check_runnable(const ResolvedModel& resolved);

}  // namespace quern::registry

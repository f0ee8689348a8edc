// Files that other programs have downloaded already: the blobs of the Hugging Face cache and of Ollama's store, found
// by their digest and used where they are; nothing there is written, moved or removed. Threads: any; blocks on the
// disk. Folders: $HF_HUB_CACHE, $HUGGINGFACE_HUB_CACHE, $HF_HOME/hub, $XDG_CACHE_HOME/huggingface/hub,
// ~/.cache/huggingface/hub; $OLLAMA_MODELS, ~/.ollama/models, /usr/share/ollama/.ollama/models.
#pragma once

#include "registry/sources/hub_options.hpp"
#include "registry/sources/pull_plan.hpp"

#include <optional>
#include <string>
#include <vector>

namespace quern::registry::pull {

struct LocalFolders {
  std::string hf_cache;                    // empty: none
  std::vector<std::string> ollama_models;  // in the order in which they are looked at
};
LocalFolders local_folders(const sources::Environment& environment);

// Of a GGUF file: a regular file of the right size under the digest's name that can be read; its bytes are not looked
// at. Empty: none.
std::optional<std::string> find_local_copy(const LocalFolders& folders, const sources::PullPlan& plan,
                                           const sources::PlanFile& file);

}  // namespace quern::registry::pull

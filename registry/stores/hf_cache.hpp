// The cache of the Hugging Face tools (also llama.cpp's): GGUF files of its snapshots, by the names of the hub.
// Read in place: nothing in it is moved, linked or changed. Threads: any. Limits: kMaxEntries files of a repository.
// Source: the documentation of huggingface_hub, "Understand caching".
#pragma once

#include "base/result.hpp"
#include "registry/stores/store_model.hpp"

#include <string>

namespace quern::registry {

// A folder that is not there is an empty listing; one that cannot be read is a note.
StoreListing list_hf_cache(const std::string& folder);

// One of them, as the hub would choose: by file, by quantisation, else Q4_K_M, Q8_0, the first.
// Errors: not_found (not in the cache, or not whole: the detail says which).
Result<StoreModel> find_in_hf_cache(const std::string& folder, const ModelRef& ref);

}  // namespace quern::registry

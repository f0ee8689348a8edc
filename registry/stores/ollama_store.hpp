// The models of an Ollama on this machine: its manifests and blobs, read in place and never changed (Ollama removes
// what its own manifests do not name). Threads: any. Source: Ollama's server/images.go and manifest package.
#pragma once

#include "base/result.hpp"
#include "registry/stores/store_model.hpp"

#include <string>
#include <string_view>

namespace quern::registry {

StoreListing list_ollama_store(const std::string& folder);

// Errors: not_found (no such manifest), corrupt (what is wrong in it), unsupported (a form that only Ollama reads).
Result<StoreModel> find_in_ollama_store(const std::string& folder, const ModelRef& ref);

// A manifest and the layers that it names, whose bytes lie in `blobs`: also of one that was downloaded. The template is
// Go's and only kept to be shown; parameters that are unknown here become notes. Errors: corrupt naming the layer.
Result<StoreModel> read_ollama_manifest(std::string_view text, const ModelRef& name, const std::string& blobs);

}  // namespace quern::registry

// What a model's files say about it, from their headers: no weights are touched. Threads: any.
#pragma once

#include "base/result.hpp"
#include "registry/model.hpp"

#include <string>
#include <vector>

namespace quern::registry {

struct FileFacts {
  ModelFacts facts;
  bool is_adapter = false;      // general.type: a LoRA, no model
  std::string foreign_tensors;  // the first tensor of a vision or audio part that lies in the same file; empty: none
};

// weights: split files in their order. Errors: those of the GGUF reader, naming the file.
Result<FileFacts> read_facts(const std::vector<std::string>& weights);

// The files of the set that `path` belongs to, as files of a model, with their sizes. Errors: not_found, bad_input.
Result<std::vector<ModelFile>> files_at(const std::string& path, FileRole role = FileRole::weights);

}  // namespace quern::registry

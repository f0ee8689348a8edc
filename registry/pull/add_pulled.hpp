// From what was pulled to a model of the registry: files, what their headers say, and the settings that its source
// gives (a system text, sampling, licences). Threads: any; blocks on the disk. Errors: those of Registry and of the
// GGUF reader; bad_input: what was pulled is an adapter, no model.
#pragma once

#include "registry/pull/puller.hpp"
#include "registry/registry.hpp"

#include <string>
#include <vector>

namespace quern::registry::pull {

// The name under which it is kept: of the hub with the quantisation that was chosen; no variant, no digest.
ModelRef kept_name(const ModelRef& asked, const sources::PullPlan& plan);

// Whether the model is the version that the plan names.
bool is_same_version(const Model& model, const sources::PullPlan& plan);
// Whether the registry has that version under that name, and all its files are there.
bool has_all(Registry& registry, const ModelRef& asked, const sources::PullPlan& plan);

struct Added {
  ModelRef name;
  bool replaced = false;           // another version, which is kept as the previous one
  std::vector<std::string> notes;  // what of it is not used, and why
};
Result<Added> add_pulled(Registry& registry, const ModelRef& asked, const PullResult& pulled);

}  // namespace quern::registry::pull

// Makes room: leftovers first, then previous versions, then the models that were used least recently. What is pinned or
// in use stays, and so does every file that is not ours. Threads: any.
#pragma once

#include "base/result.hpp"
#include "registry/registry.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace quern::registry {

struct CleanOptions {
  std::optional<std::uint64_t> limit_bytes;              // of all our blobs; empty: no model goes, only leftovers
  std::function<bool(const Model&)> in_use;              // of models in memory: they stay
  std::chrono::seconds min_age = std::chrono::hours(1);  // of blobs that nobody names and of unfinished downloads
  bool dry_run = false;
};

struct CleanStep {
  enum class What { leftovers, unnamed_blob, previous_version, model };
  What what = What::model;
  std::string name;  // of the model, or the blob
  std::uint64_t n_bytes = 0;
};

struct CleanReport {
  std::uint64_t bytes_before = 0, bytes_after = 0;  // of all our blobs; after: as it is, or would be
  std::vector<CleanStep> steps;
  std::vector<std::string> kept;  // over the limit still: what was kept, and why
};

Result<CleanReport> clean(Registry& registry, const CleanOptions& options);

}  // namespace quern::registry

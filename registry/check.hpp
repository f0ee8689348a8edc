// Looks whether everything that is listed is whole, and repairs what can be: rows from manifests, manifests from rows.
// A model whose files are missing or damaged cannot be repaired from here: its row goes, so that nobody runs it, and a
// damaged blob of our own goes too, so that the next pull brings it again. Files that are not ours are never changed.
// Threads: any. Reads all files where digests are asked for.
#pragma once

#include "base/result.hpp"
#include "registry/registry.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace quern::registry {

struct Problem {
  std::string model;  // its name; empty: of no model
  std::string path;
  std::string what;    // what was found and what was expected
  std::string remedy;  // what to do, or what was done
  bool repaired = false;
};

struct CheckOptions {
  bool digests = true;  // read all files; else names and sizes alone
  bool repair = false;
  std::function<bool(const std::string& path, std::uint64_t n_bytes)> on_bytes;  // false ends it
};

struct CheckReport {
  std::size_t n_models = 0, n_files = 0;
  std::vector<Problem> problems;
};

Result<CheckReport> check(Registry& registry, const CheckOptions& options);

// A registry whose database is broken or missing is made anew from the manifests; the broken file is kept beside it as
// registry.db.broken. Errors: io; corrupt only where the new one cannot be made.
Result<std::unique_ptr<Registry>> open_or_rebuild(const std::string& folder, std::vector<Problem>& problems);

}  // namespace quern::registry

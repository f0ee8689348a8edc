// Models by their files: one that is served under several names, or with different settings, is in memory once.
// Threads: any. Ownership: shared by those who use a model; the pool only remembers it.
#pragma once

#include "base/result.hpp"
#include "engine/model.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace quern::app {

class WeightsPool {
 public:
  using Load = std::function<Result<std::unique_ptr<engine::Model>>()>;

  // What a file is, whatever it is called: its place on disk, size and time of change. path "": the embedded model.
  static std::string key_of(const std::string& path);

  // The model that is there, else what `load` makes, one at a time. Errors: those of load.
  Result<std::shared_ptr<const engine::Model>> get(const std::string& key, const Load& load);
  std::shared_ptr<const engine::Model> find(const std::string& key);  // nullptr: it is not there

 private:
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<const engine::Model>> models_;
};

}  // namespace quern::app

// The models of the registry as a server has them: known by name, loaded when they are asked for, fetched, made, copied
// and removed by Ollama's API. A request may name what came to the disk since; never a path or an address.
// Threads: any; a thread of its own reads headers after the start, and each pull has one. Ownership: owns the registry,
// which is made by the first model; refers to what serves, and must go before it. Limits: kMaxPulls at once.
#pragma once

#include "app/options/options.hpp"
#include "app/serving.hpp"
#include "models/model_store.hpp"
#include "registry/registry.hpp"
#include "registry/stores/store_model.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace quern::app {

class DiskModels final : public models::ModelStore {
 public:
  static constexpr std::size_t kMaxPulls = 16;

  DiskModels(Serving& serving, const Options& options);
  ~DiskModels() override;  // ends pulls; what is whole of them is kept

  // All of the registry, by what its rows say; headers are read afterwards. Those that cannot be served are logged.
  Status serve_all();

  std::shared_ptr<models::Pull> pull(std::string name, bool insecure, models::PullListener listener) override;
  Status remove(const std::string& name) override;
  Status copy(const std::string& from, const std::string& to) override;
  Result<std::vector<std::string>> create(const std::string& name, const models::ModelRecipe& recipe) override;
  Result<bool> has_blob(const std::string& digest) override;
  Result<std::unique_ptr<models::BlobUpload>> begin_blob(const std::string& digest, std::uint64_t n_bytes) override;
  Status look_up(const std::string& name) override;

 private:
  class Running;

  // nullptr, where there is none and it is not to be made; existing(): not_found then.
  Result<registry::Registry*> registry(bool make);
  Result<registry::Registry*> existing();
  Status find_on_disk(const std::string& name);
  Status serve(const registry::Model& model);
  Result<ModelFile> file_to_load(const registry::ModelRef& ref, const registry::Model& model);
  Status serve_named(const registry::ModelRef& ref);  // anew, where it was served before
  void read_headers(const std::stop_token& stop);
  void run_pull(const std::shared_ptr<Running>& pull);

  const registry::StoreFolders folders_;
  Serving& serving_;
  const Options options_;
  std::mutex mutex_;
  std::unique_ptr<registry::Registry> registry_;  // guarded by mutex_ until it is there; the folder is made when needed
  std::vector<std::shared_ptr<Running>> pulls_;   // guarded by mutex_
  std::unordered_map<std::string, std::chrono::steady_clock::time_point> misses_;  // names; guarded by mutex_
  std::jthread reader_;
};

}  // namespace quern::app

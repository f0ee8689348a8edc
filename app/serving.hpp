// All models of a server: loaded in the order of the command line, their engines started, in a catalog.
// Threads: create() from one. Ownership: owns them; refers to the machine.
#pragma once

#include "app/loaded_model.hpp"
#include "models/model_catalog.hpp"

#include <memory>
#include <vector>

namespace quern::app {

class Serving {
 public:
  // Errors: those of LoadedModel, sampling options, names that two models have.
  static Result<std::unique_ptr<Serving>> create(Machine& machine, const Options& options);

  models::ModelCatalog& catalog() noexcept { return catalog_; }

 private:
  explicit Serving(bool any_model) : catalog_(any_model) {}
  Status load(Machine& machine, const Options& options);
  Status start(LoadedModel& model, const Options& options);

  std::vector<std::unique_ptr<LoadedModel>> loaded_;
  models::ModelCatalog catalog_;
};

}  // namespace quern::app

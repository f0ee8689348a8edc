// All models of a server: loaded in the order of the command line, their engines started, or known and loaded when they
// are asked for; in a catalog. Threads: create() from one; models are loaded by the catalog's own. Ownership: owns
// them; refers to the machine.
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

  Status preload();  // what the options name, once all models are known. Errors: not_found

  models::ModelCatalog& catalog() noexcept { return catalog_; }
  // A model that is loaded when it is asked for, by what is known of it. Errors: another one has its name.
  Status add(const ModelFile& file, models::LoadableModel model, bool embeds = false);
  bool describe(const ModelFile& file, models::LoadableModel model);  // anew; false: there is none of its id

 private:
  Serving(Machine& machine, const Options& options)
      : machine_(machine), options_(options), catalog_(machine.ledger(), machine.clock(), options.server.any_model) {}
  Status load();
  Status add_on_demand();
  void complete(const ModelFile& file, bool embeds, models::LoadableModel& model);
  Result<std::shared_ptr<models::ServedModel>> load_one(const ModelFile& file, bool embeds);
  Result<models::ServedModel> start(LoadedModel& model);

  Machine& machine_;
  const Options options_;
  std::vector<std::unique_ptr<LoadedModel>> loaded_;
  models::ModelCatalog catalog_;
};

}  // namespace quern::app

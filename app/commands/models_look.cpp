// `quern list` and `quern show`: what is here, in our registry and in the stores of other tools. Threads: main.
#include "app/commands/commands.hpp"
#include "app/commands/model_report.hpp"
#include "app/model_store.hpp"
#include "registry/facts.hpp"
#include "registry/modelfile.hpp"
#include "registry/stores/hf_cache.hpp"
#include "registry/stores/ollama_store.hpp"

#include <cstdio>

#include <fmt/format.h>

namespace quern::app {
namespace {

using registry::FoundIn;
using registry::Registry;

void add(const registry::StoreListing& from, FoundIn place, std::vector<ListedModel>& models,
         std::vector<std::string>& notes) {
  for (const registry::StoreModel& model : from.models) models.push_back({model.model, place});
  notes.insert(notes.end(), from.notes.begin(), from.notes.end());
}

}  // namespace

Result<int> list_models(const Options& options) {
  std::vector<ListedModel> models;
  std::vector<std::string> notes;
  QUERN_TRY(const std::unique_ptr<Registry> store, find_registry(options.model.models_dir));
  if (store != nullptr) {
    QUERN_TRY(const std::vector<registry::Model> ours, store->list());
    for (const registry::Model& model : ours) models.push_back({model, FoundIn::registry});
  }
  const registry::StoreFolders folders = registry::store_folders();
  for (const std::string& folder : folders.ollama) {
    add(registry::list_ollama_store(folder), FoundIn::ollama, models, notes);
  }
  for (const std::string& folder : folders.hugging_face) {
    add(registry::list_hf_cache(folder), FoundIn::hugging_face, models, notes);
  }
  if (options.json) {
    fmt::print("{}", list_json(models, notes));
    return kExitOk;
  }
  if (models.empty()) {
    fmt::print(stderr, "no models yet: `quern pull NAME` gets one, `quern create NAME` makes one of a file\n");
  } else {
    fmt::print("{}", list_table(models, registry::now_unix_s()));
  }
  for (const std::string& note : notes) fmt::print(stderr, "note: {}\n", note);
  return kExitOk;
}

Result<int> show_model(const Options& options) {
  QUERN_TRY(const std::unique_ptr<Registry> store, find_registry(options.model.models_dir));
  QUERN_TRY(const registry::ModelRef ref, registry::ModelRef::parse(options.store.names.front()));
  QUERN_TRY(registry::ResolvedModel shown, registry::resolve(store.get(), registry::store_folders(), ref));
  if (shown.model.facts.params == 0) {
    const Result<registry::FileFacts> facts = registry::read_facts(shown.paths);
    if (facts) {
      shown.model.facts = facts->facts;
    } else {
      shown.notes.push_back(facts.error().detail);
    }
  }
  if (const Status runnable = registry::check_runnable(shown); !runnable)
    shown.notes.push_back(runnable.error().detail);
  std::optional<registry::Model> previous;
  if (shown.found_in == FoundIn::registry) {
    QUERN_TRY(previous, store->previous(ref));
  }
  if (options.store.modelfile) {
    registry::Model described = shown.model;
    described.settings = shown.settings;
    fmt::print("{}", registry::modelfile_text(described));
  } else {
    fmt::print("{}", options.json ? show_json(shown, previous) : show_text(shown, previous, registry::now_unix_s()));
  }
  return kExitOk;
}

}  // namespace quern::app

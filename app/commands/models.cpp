// `quern models`: check, clean, restore, pin, unpin, path, names. Threads: main.
#include "app/commands/commands.hpp"
#include "app/model_store.hpp"
#include "registry/check.hpp"
#include "registry/clean.hpp"
#include "registry/name_parts.hpp"
#include "registry/stores/hf_cache.hpp"
#include "registry/stores/ollama_store.hpp"

#include <algorithm>
#include <cstdio>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace quern::app {
namespace {

namespace json = boost::json;
using registry::ModelRef;
using registry::Registry;

Error no_registry(const Options& options) {
  return fail(Errc::not_found, "models folder {}: there are no models yet",
              registry::models_folder(options.model.models_dir));
}

json::object json_problem(const registry::Problem& problem) {
  return {{"model", problem.model},
          {"path", problem.path},
          {"what", problem.what},
          {"remedy", problem.remedy},
          {"repaired", problem.repaired}};
}

Result<int> check_models(const Options& options) {
  std::vector<registry::Problem> problems;
  std::unique_ptr<Registry> store;
  if (options.store.repair) {
    QUERN_TRY(store, registry::open_or_rebuild(registry::models_folder(options.model.models_dir), problems));
  } else {
    Result<std::unique_ptr<Registry>> found = find_registry(options.model.models_dir);
    if (!found && found.error().code == Errc::corrupt) {
      return fail(Errc::corrupt, "{}; `quern models check --repair` makes it anew from the manifests",
                  found.error().detail);
    }
    if (!found) return found.error();
    store = std::move(*found);
    if (store == nullptr) return no_registry(options);
  }
  QUERN_TRY(
      registry::CheckReport report,
      registry::check(*store, {.digests = !options.store.sizes_only, .repair = options.store.repair, .on_bytes = {}}));
  problems.insert(problems.end(), report.problems.begin(), report.problems.end());
  bool sound = true;
  json::array rows;
  for (const registry::Problem& problem : problems) {
    sound = sound && problem.repaired;
    rows.push_back(json_problem(problem));
    if (options.json) continue;
    fmt::print("{}{}{}: {}\n  {}{}\n", problem.model, problem.model.empty() ? "" : ": ", problem.path, problem.what,
               problem.repaired ? "repaired: " : "to do: ", problem.remedy);
  }
  if (options.json) {
    fmt::print("{}\n", json::serialize(json::object{
                           {"n_models", report.n_models}, {"n_files", report.n_files}, {"problems", std::move(rows)}}));
  } else {
    fmt::print("{} models, {} files: {}\n", report.n_models, report.n_files,
               problems.empty() ? "all is well" : fmt::format("{} problems", problems.size()));
  }
  return sound ? kExitOk : kExitError;
}

std::string step_text(const registry::CleanStep& step) {
  switch (step.what) {
    case registry::CleanStep::What::leftovers:
      return step.name;
    case registry::CleanStep::What::unnamed_blob:
      return "no model names " + step.name;
    case registry::CleanStep::What::previous_version:
      return "previous version of " + step.name;
    case registry::CleanStep::What::model:
      break;
  }
  return step.name;
}

Result<int> clean_models(const Options& options) {
  QUERN_TRY(const auto store, find_registry(options.model.models_dir));
  if (store == nullptr) return no_registry(options);
  registry::CleanOptions wanted;
  if (options.store.has_limit) wanted.limit_bytes = options.store.limit_bytes;
  wanted.dry_run = options.store.dry_run;
  // A server that has it in memory has its files mapped.
  wanted.in_use = [&blobs = store->blobs()](const registry::Model& model) {
    return std::ranges::any_of(model.files, [&](const registry::ModelFile& file) {
      return blobs.owns(file.path) && blobs.is_held(file.digest);
    });
  };
  QUERN_TRY(const registry::CleanReport report, registry::clean(*store, wanted));
  if (options.json) {
    json::array steps;
    for (const registry::CleanStep& step : report.steps) {
      steps.push_back(json::object{{"what", step_text(step)}, {"n_bytes", step.n_bytes}});
    }
    fmt::print("{}\n", json::serialize(json::object{{"bytes_before", report.bytes_before},
                                                    {"bytes_after", report.bytes_after},
                                                    {"dry_run", wanted.dry_run},
                                                    {"steps", std::move(steps)},
                                                    {"kept", json::array(report.kept.begin(), report.kept.end())}}));
    return kExitOk;
  }
  for (const registry::CleanStep& step : report.steps) {
    fmt::print("{} {}, {}\n", wanted.dry_run ? "would remove" : "removed", step_text(step), bytes_text(step.n_bytes));
  }
  for (const std::string& kept : report.kept) fmt::print("kept {}\n", kept);
  fmt::print("{} {} of {}\n", wanted.dry_run ? "would leave" : "left", bytes_text(report.bytes_after),
             bytes_text(report.bytes_before));
  const bool over = wanted.limit_bytes && report.bytes_after > *wanted.limit_bytes;
  if (over) fmt::print(stderr, "quern: more than the limit of {} is left\n", bytes_text(*wanted.limit_bytes));
  return over ? kExitError : kExitOk;
}

Result<int> print_path(const Options& options) {
  if (options.store.names.empty()) {
    fmt::print("{}\n", registry::models_folder(options.model.models_dir));
    return kExitOk;
  }
  QUERN_TRY(const auto store, find_registry(options.model.models_dir));
  QUERN_TRY(const registry::ResolvedModel found,
            registry::resolve(store.get(), registry::store_folders(), options.store.names.front()));
  for (const std::string& path : found.paths) fmt::print("{}\n", path);
  return kExitOk;
}

// For completion: what cannot be read has no names.
Result<int> print_names(const Options& options) {
  if (const auto store = find_registry(options.model.models_dir); store && *store != nullptr) {
    const auto models = (*store)->list();
    for (std::size_t i = 0; models && i < models->size(); ++i) {
      const registry::Model& model = (*models)[i];
      fmt::print("{}\n", model.name.display());
      for (const auto& [variant, settings] : model.variants) fmt::print("{}@{}\n", model.name.display(), variant);
    }
  }
  const registry::StoreFolders folders = registry::store_folders();
  for (const std::string& folder : folders.ollama) {
    for (const auto& found : registry::list_ollama_store(folder).models) fmt::print("{}\n", found.model.name.display());
  }
  for (const std::string& folder : folders.hugging_face) {
    for (const auto& found : registry::list_hf_cache(folder).models) fmt::print("{}\n", found.model.name.display());
  }
  return kExitOk;
}

}  // namespace

Result<int> care_for_models(const Options& options) {
  const std::string& action = options.store.action;
  if (action == "check") return check_models(options);
  if (action == "clean") return clean_models(options);
  if (action == "path") return print_path(options);
  if (action == "names") return print_names(options);
  QUERN_TRY(const auto store, find_registry(options.model.models_dir));
  if (store == nullptr) return no_registry(options);
  QUERN_TRY(const ModelRef name, ModelRef::parse(options.store.names.front()));
  if (action == "restore") {
    QUERN_CHECK(store->restore(name));
    fmt::print("restored the previous version of {}; what it replaced can be restored the same way\n", name.display());
    return kExitOk;
  }
  const bool pin = action == "pin";
  QUERN_CHECK(store->update(name, [pin](registry::Model& model) {
    model.pinned = pin;
    return Status();
  }));
  fmt::print("{} {}\n", pin ? "pinned" : "unpinned", name.display());
  return kExitOk;
}

}  // namespace quern::app

// `quern create`, `cp` and `rm`. Threads: main.
#include "app/commands/commands.hpp"
#include "app/model_store.hpp"
#include "app/options/sources.hpp"
#include "registry/create.hpp"
#include "registry/facts.hpp"

#include <cstdio>
#include <filesystem>

#include <fmt/format.h>
#include <unistd.h>

namespace quern::app {
namespace {

using registry::ModelRef;
using registry::Registry;

// A path cannot be the name of a model, whatever lies where this runs.
Result<ModelRef> model_name(const std::string& text) {
  registry::NameRules rules = registry::name_rules();
  rules.working_folder.clear();
  return ModelRef::parse(text, rules);
}

Result<registry::Modelfile> read_description(const std::string& path) {
  const bool from_stdin = path == "-";
  QUERN_TRY(const std::string text, from_stdin
                                        ? read_descriptor(STDIN_FILENO, "standard input", registry::kMaxModelfileBytes)
                                        : read_text_file(path, registry::kMaxModelfileBytes));
  const bool yaml = path.ends_with(".yaml") || path.ends_with(".yml");
  return yaml ? registry::parse_model_yaml(text, path)
              : registry::parse_modelfile(text, from_stdin ? "standard input" : path);
}

}  // namespace

Result<int> create_model(const Options& options) {
  QUERN_TRY(const ModelRef name, model_name(options.store.names.front()));
  QUERN_TRY(const registry::Modelfile description, read_description(options.store.file));
  std::error_code error;
  const std::filesystem::path file =
      std::filesystem::absolute(options.store.file == "-" ? "stdin" : options.store.file, error);
  if (error) return fail(Errc::io, "{}: where it lies is not known: {}", options.store.file, error.message());
  QUERN_TRY(const auto store, open_registry(options.model.models_dir));
  QUERN_TRY(const std::vector<std::string> notes,
            registry::create(*store, registry::store_folders(), name, description,
                             {.folder = file.parent_path().string(), .copy = options.store.copy, .on_bytes = {}}));
  for (const std::string& note : notes) fmt::print(stderr, "note: {}\n", note);
  fmt::print("created {}\n", name.display());
  return kExitOk;
}

Result<int> copy_model(const Options& options) {
  QUERN_TRY(const ModelRef from, ModelRef::parse(options.store.names[0]));
  QUERN_TRY(const ModelRef to, model_name(options.store.names[1]));
  QUERN_TRY(const auto store, open_registry(options.model.models_dir));
  QUERN_TRY(registry::ResolvedModel found, registry::resolve(store.get(), registry::store_folders(), from));
  if (found.found_in == registry::FoundIn::registry) {
    QUERN_CHECK(store->copy(from, to));
  } else {
    // Of another tool, or a file: the copy names the files where they are.
    QUERN_TRY(const registry::FileFacts facts, registry::read_facts(found.paths));
    registry::Model model = std::move(found.model);
    model.origin = found.found_in == registry::FoundIn::path ? from.file : model.name.canonical();
    model.facts = facts.facts;
    model.name = to;
    QUERN_CHECK(store->add(std::move(model)));
    fmt::print(stderr, "note: its files are read where they are, in what belongs to {}\n",
               found.found_in == registry::FoundIn::path ? "you" : registry::found_in_name(found.found_in));
  }
  fmt::print("copied {} to {}\n", from.display(), to.display());
  return kExitOk;
}

Result<int> remove_models(const Options& options) {
  QUERN_TRY(const auto store, find_registry(options.model.models_dir));
  int code = kExitOk;
  for (const std::string& text : options.store.names) {
    QUERN_TRY(const ModelRef name, model_name(text));
    const Result<registry::Freed> freed =
        store == nullptr ? Result<registry::Freed>(fail(Errc::not_found, "model '{}' not found", name.display()))
                         : store->remove(name);
    if (freed) {
      fmt::print("removed {}, {} freed{}\n", name.display(), bytes_text(freed->n_bytes),
                 freed->in_use.empty() ? "" : "; what is in use goes with the next `quern models clean`");
      continue;
    }
    // The others go all the same.
    const auto elsewhere = registry::resolve(nullptr, registry::store_folders(), name);
    const std::string hint = elsewhere ? fmt::format("; it belongs to {}, whose own tool removes it",
                                                     registry::found_in_name(elsewhere->found_in))
                                       : "";
    fmt::print(stderr, "quern: {}{}\n", freed.error().detail, hint);
    code = kExitError;
  }
  return code;
}

}  // namespace quern::app

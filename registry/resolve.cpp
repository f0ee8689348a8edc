#include "registry/resolve.hpp"

#include "registry/facts.hpp"
#include "registry/stores/hf_cache.hpp"
#include "registry/stores/ollama_store.hpp"

#include <algorithm>

namespace quern::registry {
namespace {

Result<ResolvedModel> of_store(StoreModel found, const ModelRef& ref, FoundIn place) {
  if (!ref.variant.empty()) {
    return fail(Errc::not_found,
                "{}: the model is {}'s and has no variants here: `quern cp {} NAME` makes one of your own",
                ref.display(), found_in_name(place), ref.base().display());
  }
  ResolvedModel out;
  out.settings = found.model.settings;
  out.paths = found.model.weights();
  out.found_in = place;
  out.notes = std::move(found.notes);
  out.model = std::move(found.model);
  return out;
}

Result<ResolvedModel> of_path(const ModelRef& ref) {
  ResolvedModel out;
  out.model.name = ref.base();
  QUERN_TRY(out.model.files, files_at(ref.file));
  out.paths = out.model.weights();
  if (ref.variant.empty()) return out;
  return fail(Errc::not_found, "{}: a path has no variants: `quern create` makes a model that has", ref.display());
}

}  // namespace

std::string_view found_in_name(FoundIn place) noexcept {
  switch (place) {
    case FoundIn::path:
      return "path";
    case FoundIn::registry:
      return "quern";
    case FoundIn::ollama:
      return "Ollama";
    case FoundIn::hugging_face:
      return "Hugging Face";
  }
  return "";
}

Result<ResolvedModel> resolve(Registry* registry, const StoreFolders& folders, std::string_view text) {
  QUERN_TRY(const ModelRef ref, ModelRef::parse(text));
  return resolve(registry, folders, ref);
}

Result<ResolvedModel> resolve(Registry* registry, const StoreFolders& folders, const ModelRef& ref) {
  if (ref.kind == RefKind::path) return of_path(ref);
  std::string known = fmt::format("model '{}' not found", ref.display());
  if (registry != nullptr) {
    Result<Model> found = registry->find(ref);
    if (found) {
      ResolvedModel out;
      out.settings = found->settings;
      if (!ref.variant.empty()) out.settings = merged(found->settings, found->variants[ref.variant]);
      out.paths = found->weights();
      out.found_in = FoundIn::registry;
      out.model = std::move(*found);
      return out;
    }
    // Another variant of a model that is here is no reason to look elsewhere.
    const bool here = !ref.variant.empty() && registry->find(ref.base()).has_value();
    if (here || found.error().code != Errc::not_found) return found.error();
    known = found.error().detail;
  }
  std::string places = "the registry";
  if (ref.kind == RefKind::ollama || ref.kind == RefKind::hugging_face) {
    for (const std::string& folder : folders.ollama) {
      Result<StoreModel> found = find_in_ollama_store(folder, ref);
      if (found) return of_store(std::move(*found), ref, FoundIn::ollama);
      if (found.error().code != Errc::not_found) return found.error();
      places += ", " + folder;
    }
  }
  if (ref.kind == RefKind::hugging_face) {
    for (const std::string& folder : folders.hugging_face) {
      Result<StoreModel> found = find_in_hf_cache(folder, ref);
      if (found) return of_store(std::move(*found), ref, FoundIn::hugging_face);
      if (found.error().code != Errc::not_found) return found.error();
      places += ", " + folder;
    }
  }
  return fail(Errc::not_found, "{} (looked into {}); `quern list` shows what is here, `quern pull {}` gets it", known,
              places, ref.base().display());
}

Status check_runnable(const ResolvedModel& resolved) {
  if (resolved.found_in == FoundIn::path) return {};  // its loader says what is wrong
  for (const ModelFile& file : resolved.model.files) {
    if (file.role != FileRole::adapter) continue;
    return fail(Errc::unsupported, "{}: it has an adapter, {}, and adapters cannot be applied: merge it into the model",
                resolved.model.name.display(), file.path);
  }
  QUERN_TRY(const FileFacts facts, read_facts(resolved.paths));
  if (facts.foreign_tensors.empty()) return {};
  return fail(Errc::unsupported,
              "{}: its file holds {} beside the text model, a form that only Ollama reads: pull the same model from "
              "Hugging Face (hf.co/...)",
              resolved.model.name.display(), facts.foreign_tensors);
}

}  // namespace quern::registry

#include "registry/pull/add_pulled.hpp"

#include "registry/disk_file.hpp"
#include "registry/facts.hpp"
#include "registry/stores/ollama_store.hpp"

#include <algorithm>

#include <sys/stat.h>

namespace quern::registry::pull {
namespace {

constexpr std::size_t kMaxTextBytes = 1u << 20;

FileRole file_role(sources::Role role) {
  switch (role) {
    case sources::Role::weights:
      return FileRole::weights;
    case sources::Role::projector:
      return FileRole::projector;
    case sources::Role::adapter:
      return FileRole::adapter;
    case sources::Role::draft:
      return FileRole::draft;
    default:
      return FileRole::other;
  }
}

// What identifies this version at its source: compared by has_all() and `quern outdated`.
std::string version_of(const sources::PullPlan& plan, const sources::PlanFile& file) {
  return plan.source == "https" ? file.validator : plan.commit;
}

std::string repo_name(const ModelRef& asked, const sources::PullPlan& plan) {
  ModelRef repo = asked.base();
  repo.digest = {};
  if (repo.kind == RefKind::hugging_face) {
    repo.tag.clear();
    repo.file.clear();
    repo.revision.clear();
  }
  return repo.kind == RefKind::url ? plan.repo : repo.canonical();
}

// The texts of a container registry's layers; Ollama's come with its manifest.
Status add_texts(const PullResult& pulled, Settings& settings) {
  for (const PulledFile& file : pulled.files) {
    const sources::Role role = file.plan.role;
    if (role != sources::Role::chat_template && role != sources::Role::license) continue;
    QUERN_TRY(std::string text, read_whole(file.path, kMaxTextBytes));
    if (role == sources::Role::chat_template)
      settings.template_text = std::move(text);
    else
      settings.licenses.push_back(std::move(text));
  }
  return {};
}

bool is_there(const ModelFile& file) {
  struct stat info {};
  return ::stat(file.path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         static_cast<std::uint64_t>(info.st_size) == file.size_bytes;
}

bool is_same(const ModelFile& have, const sources::PullPlan& plan, const sources::PlanFile& wanted) {
  if (wanted.digest.kind == sources::DigestKind::sha256) return have.digest.hex() == wanted.digest.hex;
  return have.source.file == wanted.name && !have.source.commit.empty() &&
         have.source.commit == version_of(plan, wanted);
}

}  // namespace

ModelRef kept_name(const ModelRef& asked, const sources::PullPlan& plan) {
  ModelRef out = asked.base();
  out.digest = {};
  if (out.kind == RefKind::hugging_face && out.file.empty() && out.tag.empty()) out.tag = plan.quant;
  return out;
}

bool is_same_version(const Model& model, const sources::PullPlan& plan) {
  // Of a registry the manifest says it all, texts included.
  if (plan.commit.starts_with("sha256:")) return model.digest.text() == plan.commit;
  return std::ranges::all_of(plan.files, [&](const sources::PlanFile& wanted) {
    return std::ranges::any_of(model.files, [&](const ModelFile& have) { return is_same(have, plan, wanted); });
  });
}

bool has_all(Registry& registry, const ModelRef& asked, const sources::PullPlan& plan) {
  const Result<Model> found = registry.find(kept_name(asked, plan));
  return found && std::ranges::all_of(found->files, is_there) && is_same_version(*found, plan);
}

Result<Added> add_pulled(Registry& registry, const ModelRef& asked, const PullResult& pulled) {
  Added out{.name = kept_name(asked, pulled.plan)};
  if (has_all(registry, asked, pulled.plan)) return out;  // another process was quicker
  Model model{.name = out.name, .origin = out.name.canonical()};
  if (pulled.plan.source == "ollama") {
    QUERN_TRY(StoreModel read, read_ollama_manifest(pulled.plan.manifest, out.name, registry.folder() + "/blobs"));
    model.settings = std::move(read.model.settings);
    model.tags = std::move(read.model.tags);
    out.notes = std::move(read.notes);
  } else {
    QUERN_CHECK(add_texts(pulled, model.settings));
  }
  if (pulled.plan.commit.starts_with("sha256:")) {
    QUERN_TRY(model.digest, Digest::parse(pulled.plan.commit));
  }
  const std::string repo = repo_name(asked, pulled.plan);
  for (const PulledFile& file : pulled.files) {
    if (!sources::is_gguf_role(file.plan.role)) continue;
    model.files.push_back({.role = file_role(file.plan.role),
                           .path = file.path,
                           .digest = file.digest,
                           .size_bytes = file.plan.size,
                           .source = {repo, version_of(pulled.plan, file.plan), file.plan.name}});
  }
  QUERN_TRY(const FileFacts facts, read_facts(model.weights()));
  if (facts.is_adapter)
    return fail(Errc::bad_input, "{}: it is an adapter, which changes another model; want a model", out.name.display());
  if (!facts.foreign_tensors.empty()) {
    out.notes.push_back(fmt::format("parts of another kind are in the same file ({}); they are not used",
                                    sources::quoted(facts.foreign_tensors)));
  }
  model.facts = facts.facts;
  out.replaced = registry.find(out.name).has_value();
  QUERN_CHECK(registry.add(std::move(model), OnConflict::replace));
  return out;
}

}  // namespace quern::registry::pull

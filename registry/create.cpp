#include "registry/create.hpp"

#include "registry/facts.hpp"
#include "registry/resolve.hpp"

#include <algorithm>
#include <cstdlib>

namespace quern::registry {
namespace {

NameRules rules_in(const std::string& folder) {
  NameRules rules = name_rules();
  rules.working_folder = folder;
  return rules;
}

Status add_adapters(const Modelfile& description, const NameRules& rules, Model& out) {
  for (const std::string& adapter : description.adapters) {
    QUERN_TRY(const ModelRef ref, ModelRef::parse(adapter, rules));
    if (ref.kind != RefKind::path) return fail(Errc::bad_input, "ADAPTER: want a path, found '{}'", adapter);
    QUERN_TRY(const std::vector<ModelFile> files, files_at(ref.file, FileRole::adapter));
    QUERN_TRY(const FileFacts facts, read_facts({ref.file}));
    if (!facts.is_adapter) return fail(Errc::bad_input, "ADAPTER {}: want a LoRA adapter, found a model", ref.file);
    out.files.insert(out.files.end(), files.begin(), files.end());
  }
  return {};
}

// Into our own folder, so that nobody else moves or removes them.
Status copy_files(const Registry& registry, const CreateOptions& options, Model& out, std::vector<BlobHold>& holds) {
  for (ModelFile& file : out.files) {
    if (registry.blobs().owns(file.path)) continue;
    QUERN_TRY(const Digest digest, registry.blobs().copy_in(file.path, options.on_bytes));
    if (!file.digest.empty() && file.digest != digest) {
      return fail(Errc::corrupt, "{}: want {}, found {}", file.path, file.digest.text(), digest.text());
    }
    file.digest = digest;
    file.path = registry.blobs().path_of(digest);
    QUERN_TRY(BlobHold hold, registry.blobs().hold(digest));
    holds.push_back(std::move(hold));
  }
  return {};
}

}  // namespace

Result<std::vector<std::string>> create(Registry& registry, const StoreFolders& folders, const ModelRef& name,
                                        const Modelfile& description, const CreateOptions& options) {
  const NameRules rules = rules_in(options.folder);
  QUERN_TRY(const ModelRef from, ModelRef::parse(description.from, rules));
  QUERN_TRY(const ResolvedModel base, resolve(&registry, folders, from));
  Model out = base.model;
  if (base.found_in == FoundIn::path) {
    QUERN_TRY(const FileFacts facts, read_facts(base.paths));
    if (facts.is_adapter) return fail(Errc::bad_input, "FROM {}: want a model, found a LoRA adapter", from.file);
    out.facts = facts.facts;
  } else if (out.facts.params == 0) {
    QUERN_TRY(const FileFacts facts, read_facts(base.paths));
    out.facts = facts.facts;
  }
  out.origin = base.found_in == FoundIn::path ? from.file : base.model.name.canonical();
  out.name = name;
  out.settings = merged(base.settings, description.settings);
  out.variants = description.variants;
  out.aliases.clear();
  out.tags.insert(description.tags.begin(), description.tags.end());
  out.pinned = description.pin;
  out.created_unix_s = out.last_used_unix_s = 0;
  for (const std::string& alias : description.aliases) {
    QUERN_TRY(const ModelRef ref, ModelRef::parse(alias, rules));
    out.aliases.push_back(ref.canonical());
  }
  QUERN_CHECK(add_adapters(description, rules, out));
  std::vector<std::string> notes = base.notes;
  notes.insert(notes.end(), description.notes.begin(), description.notes.end());
  std::vector<BlobHold> holds;
  if (options.copy) {
    QUERN_CHECK(copy_files(registry, options, out, holds));
  } else if (const auto foreign = std::ranges::find_if(
                 out.files, [&](const ModelFile& file) { return !registry.blobs().owns(file.path); });
             foreign != out.files.end()) {
    notes.push_back(fmt::format("{} is read where it is; --copy makes a copy of our own", foreign->path));
  }
  QUERN_CHECK(registry.add(std::move(out), OnConflict::replace));
  return notes;
}

}  // namespace quern::registry

#include "app/model_store.hpp"

#include "base/log.hpp"
#include "registry/name_parts.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

namespace quern::app {
namespace {

using registry::FoundIn;
using registry::Registry;
using registry::ResolvedModel;

bool is_file(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

// What clients may call it: as people say it, and without a tag that says nothing.
std::vector<std::string> names_of(const registry::ModelRef& ref, const registry::Model& model) {
  std::vector<std::string> out{ref.display()};
  const auto add = [&out](const std::string& name) {
    if (std::ranges::find(out, name) == out.end()) out.push_back(name);
    constexpr std::string_view kTag = ":latest";
    const std::string plain = name.ends_with(kTag) ? name.substr(0, name.size() - kTag.size()) : name;
    if (std::ranges::find(out, plain) == out.end()) out.push_back(plain);
  };
  add(ref.display());
  if (!ref.variant.empty()) return out;
  add(model.name.display());
  for (const std::string& alias : model.aliases) {
    if (const auto parsed = registry::ModelRef::parse(alias)) add(parsed->display());
  }
  return out;
}

Status locate(ModelFile& file, Registry* store, const registry::StoreFolders& folders) {
  QUERN_TRY(const registry::ModelRef ref, registry::ModelRef::parse(file.path));
  if (ref.kind == registry::RefKind::path) {
    file.path = ref.file;
    return {};
  }
  Result<ResolvedModel> found = registry::resolve(store, folders, ref);
  // Somebody who names a GGUF file wants to hear that it is missing.
  if (!found && found.error().code == Errc::not_found && registry::ends_in_gguf(file.path)) return {};
  if (!found) return found.error();
  QUERN_CHECK(registry::check_runnable(*found));
  for (const std::string& note : found->notes) log::info("{}: {}", ref.display(), note);
  if (file.names.empty()) file.names = names_of(ref, found->model);
  file.path = found->paths.front();
  if (found->paths.size() > 1) file.shards = found->paths;
  file.settings = found->settings;
  if (found->found_in == FoundIn::registry) store->touch(ref);
  return {};
}

}  // namespace

ModelFile file_of(const registry::ModelRef& ref, const registry::Model& model) {
  ModelFile out;
  std::vector<std::string> paths = model.weights();
  out.path = paths.front();
  if (paths.size() > 1) out.shards = std::move(paths);
  out.names = names_of(ref, model);
  out.settings = model.settings;
  return out;
}

Result<std::unique_ptr<Registry>> open_registry(const std::string& models_dir) {
  return Registry::open(registry::models_folder(models_dir));
}

Result<std::unique_ptr<Registry>> find_registry(const std::string& models_dir) {
  Result<std::unique_ptr<Registry>> found = Registry::existing(registry::models_folder(models_dir));
  if (!found && found.error().code == Errc::not_found) return std::unique_ptr<Registry>();
  return found;
}

Result<bool> has_models(const std::string& models_dir) {
  QUERN_TRY(const std::unique_ptr<Registry> store, find_registry(models_dir));
  if (store == nullptr) return false;
  QUERN_TRY(const std::vector<registry::Model> models, store->list());
  return !models.empty();
}

Status locate_models(ModelOptions& options) {
  std::vector<ModelFile*> named;
  for (auto* files : {&options.files, &options.embedding_files}) {
    for (ModelFile& file : *files) {
      if (!file.path.empty() && !is_file(file.path)) named.push_back(&file);
    }
  }
  if (named.empty()) return {};
  QUERN_TRY(const std::unique_ptr<Registry> store, find_registry(options.models_dir));
  const registry::StoreFolders folders = registry::store_folders();
  for (ModelFile* file : named) QUERN_CHECK(locate(*file, store.get(), folders));
  if (options.files.size() != 1 || !options.chat_template.empty()) return {};
  // A template is given by its path; as a blob it has one.
  const std::string& text = options.files.front().settings.template_text;
  if (text.empty() || store == nullptr) return {};
  QUERN_TRY(const registry::Digest digest, store->blobs().put(text));
  options.chat_template = store->blobs().path_of(digest);
  return {};
}

std::string bytes_text(std::uint64_t n_bytes) {
  constexpr std::array<const char*, 5> kUnits{"KB", "MB", "GB", "TB", "PB"};
  if (n_bytes < 1000) return fmt::format("{} B", n_bytes);
  double value = static_cast<double>(n_bytes) / 1000;
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return value < 9.95 ? fmt::format("{:.1f} {}", value, kUnits[unit]) : fmt::format("{:.0f} {}", value, kUnits[unit]);
}

std::string rounded_text(std::uint64_t n) {
  if (n == 0) return "";
  const double value = static_cast<double>(n);
  if (value >= 999.5e6) return fmt::format("{:.1f}B", value / 1e9);
  if (value >= 999.5e3) return fmt::format("{:.0f}M", value / 1e6);
  return value >= 1000 ? fmt::format("{:.0f}K", value / 1e3) : fmt::format("{}", n);
}

std::string ago_text(std::int64_t unix_s, std::int64_t now_unix_s) {
  if (unix_s <= 0) return "never";
  const std::int64_t s = std::max<std::int64_t>(0, now_unix_s - unix_s);
  constexpr std::pair<std::int64_t, const char*> kUnits[] = {{365 * 86400, "year"}, {30 * 86400, "month"},
                                                             {7 * 86400, "week"},   {86400, "day"},
                                                             {3600, "hour"},        {60, "minute"}};
  for (const auto& [seconds, name] : kUnits) {
    if (s >= seconds) return fmt::format("{} {}{} ago", s / seconds, name, s / seconds == 1 ? "" : "s");
  }
  return "just now";
}

}  // namespace quern::app

#include "app/disk_models.hpp"

#include "app/loadable_model.hpp"
#include "app/model_store.hpp"
#include "app/pull/pull_setup.hpp"
#include "base/log.hpp"
#include "registry/blob_writer.hpp"
#include "registry/create.hpp"
#include "registry/pull/add_pulled.hpp"
#include "registry/pull/drop_texts.hpp"
#include "registry/pull/ollama_lines.hpp"
#include "registry/pull/puller.hpp"
#include "registry/resolve.hpp"
#include "registry/sampling_names.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

namespace quern::app {
namespace {

constexpr std::chrono::seconds kUnloadTime{2};

using registry::ModelRef;
using registry::RefKind;

// A name from outside. Paths and addresses are for the command line.
Result<ModelRef> named(const std::string& name) {
  Result<ModelRef> ref = ModelRef::parse(name);
  if (!ref) return fail_field("model", "{}", ref.error().detail);
  if (ref->kind == RefKind::path) return fail_field("model", "expected the name of a model, found a path");
  return ref;
}

// Of a name that no model can have: nobody has it.
Error not_found(std::string detail) {
  return Error{Errc::not_found, std::move(detail), "model"};
}

models::Stay stay_of(const registry::Model& model, const Options& options) {
  models::Stay out{.keep_alive = options.model.keep_alive, .pinned = model.pinned};
  if (const auto& wish = model.settings.keep_alive) out.keep_alive = wish->count() < 0 ? models::kForever : *wish;
  return out;
}

class Upload final : public models::BlobUpload {
 public:
  explicit Upload(registry::BlobWriter writer) : writer_(std::move(writer)) {}
  Status write(std::string_view bytes) override { return writer_.write(std::as_bytes(std::span(bytes))); }
  Status finish() override { return writer_.finish(); }

 private:
  registry::BlobWriter writer_;
};

}  // namespace

class DiskModels::Running final : public models::Pull {
 public:
  Running(std::string name_in, bool insecure_in, models::PullListener listener_in)
      : name(std::move(name_in)), insecure(insecure_in), listener(std::move(listener_in)) {}
  void cancel() noexcept override {
    const std::lock_guard lock(mutex);
    cancelled = true;
    if (puller != nullptr) puller->cancel();
  }

  const std::string name;
  const bool insecure;
  const models::PullListener listener;
  std::mutex mutex;
  bool cancelled = false;                    // guarded by mutex
  registry::pull::Puller* puller = nullptr;  // guarded by mutex
  bool ended = false;                        // guarded by DiskModels::mutex_
  std::jthread thread;
};

DiskModels::DiskModels(Serving& serving, const Options& options)
    : folders_(registry::store_folders()), serving_(serving), options_(options) {}

Result<registry::Registry*> DiskModels::registry(bool make) {
  const std::lock_guard lock(mutex_);
  if (registry_ == nullptr) {
    QUERN_TRY(registry_, make ? open_registry(options_.model.models_dir) : find_registry(options_.model.models_dir));
  }
  return registry_.get();
}

Result<registry::Registry*> DiskModels::existing() {
  QUERN_TRY(registry::Registry * out, registry(false));
  if (out == nullptr) return not_found("this machine has no models by name: `quern pull NAME` fetches one");
  return out;
}

DiskModels::~DiskModels() {
  std::vector<std::shared_ptr<Running>> pulls;
  {
    const std::lock_guard lock(mutex_);
    pulls = pulls_;
  }
  for (const auto& pull : pulls) pull->cancel();
  for (const auto& pull : pulls) {
    if (pull->thread.joinable()) pull->thread.join();
  }
}

Status DiskModels::serve_all() {
  QUERN_TRY(registry::Registry* const store, registry(false));
  if (store == nullptr) return {};
  QUERN_TRY(const std::vector<registry::Model> models, store->list());
  for (const registry::Model& model : models) {
    if (const Status served = serve(model); !served)
      log::warn("model {}: not served: {}", model.name.display(), served.error().detail);
  }
  if (models.empty()) return {};
  reader_ = std::jthread([this](const std::stop_token& stop) { read_headers(stop); });
  return {};
}

void DiskModels::read_headers(const std::stop_token& stop) {
  const Result<registry::Registry*> store = existing();
  if (!store) return;
  const Result<std::vector<registry::Model>> models = (*store)->list();
  if (!models) return log::warn("registry: {}", models.error().detail);
  for (const registry::Model& model : *models) {
    if (stop.stop_requested()) return;
    const auto describe = [&]() -> Status {
      QUERN_TRY(const ModelFile file, file_to_load(model.name, model));
      QUERN_TRY(models::LoadableModel described, describe_model(options_, file, false));
      described.stay = stay_of(model, options_);
      serving_.describe(file, std::move(described));
      return {};
    };
    if (const Status done = describe(); !done) log::warn("model {}: {}", model.name.display(), done.error().detail);
  }
}

// What rows say is enough to be listed; the header, read afterwards, says what it can do and what it will take.
Status DiskModels::serve(const registry::Model& model) {
  models::LoadableModel out;
  QUERN_TRY(const ModelFile file, file_to_load(model.name, model));
  out.card.id = file.names.front();
  out.card.aliases = {file.names.begin() + 1, file.names.end()};
  out.card.created_unix_s = model.created_unix_s;
  out.card.quantization = model.facts.quant;
  out.card.digest = model.digest.hex();
  out.card.max_context = model.settings.ctx.value_or(model.facts.n_ctx);
  out.card.info = {.name = out.card.id,
                   .architecture = model.facts.family,
                   .n_vocab = model.facts.vocab_size,
                   .n_layers = model.facts.n_layer,
                   .n_context_train = model.facts.n_ctx,
                   .n_params = model.facts.params,
                   .size_bytes = model.size_bytes()};
  const engine::ArchSpec* const arch = engine::find_architecture(model.facts.family);
  out.card.generates = arch == nullptr || arch->generates;
  out.card.embeds = !out.card.generates;
  out.card.stops = model.settings.stop;
  out.estimated_bytes = out.shared_bytes = model.size_bytes();
  out.stay = stay_of(model, options_);
  return serving_.add(file, std::move(out));
}

// A template of its own is a file: a blob.
Result<ModelFile> DiskModels::file_to_load(const ModelRef& ref, const registry::Model& model) {
  ModelFile out = file_of(ref, model);
  if (model.settings.template_text.empty()) return out;
  QUERN_TRY(registry::Registry* const store, registry(true));
  QUERN_TRY(const registry::Digest digest, store->blobs().put(model.settings.template_text));
  out.chat_template = store->blobs().path_of(digest);
  return out;
}

Status DiskModels::serve_named(const ModelRef& ref) {
  QUERN_TRY(registry::Registry* const store, registry(false));
  QUERN_TRY(const registry::ResolvedModel found, registry::resolve(store, folders_, ref));
  QUERN_CHECK(registry::check_runnable(found));
  registry::Model model = found.model;
  model.settings = found.settings;
  // A variant is a model of its own, which shares the weights; any other spelling is a further name.
  QUERN_TRY(const ModelFile file, file_to_load(ref.variant.empty() ? model.name : ref, model));
  QUERN_TRY(models::LoadableModel described, describe_model(options_, file, false));
  described.stay = stay_of(model, options_);
  if (!serving_.describe(file, described)) QUERN_CHECK(serving_.add(file, std::move(described)));
  serving_.catalog().add_name(file.names.front(), ref.display());
  const std::lock_guard lock(mutex_);
  misses_.clear();
  return {};
}

// The disk is asked for a name once in a while, however often clients repeat one that nobody has.
Status DiskModels::look_up(const std::string& name) {
  constexpr std::chrono::milliseconds kRemembered{500};
  constexpr std::size_t kMaxRemembered = 1024;
  const auto now = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(mutex_);
    const auto miss = misses_.find(name);
    if (miss != misses_.end() && now < miss->second + kRemembered) return not_found("no model of this machine has it");
  }
  Status found = find_on_disk(name);
  if (!found && found.error().code == Errc::not_found) {
    const std::lock_guard lock(mutex_);
    if (misses_.size() >= kMaxRemembered) misses_.clear();
    misses_[name] = now;
  }
  return found;
}

Status DiskModels::find_on_disk(const std::string& name) {
  const Result<ModelRef> ref = named(name);
  if (!ref) return not_found(ref.error().detail);
  if (ref->kind == RefKind::url) return not_found("no model of this machine is called so");
  QUERN_CHECK(serve_named(*ref));
  QUERN_TRY(registry::Registry* const store, registry(false));
  if (store != nullptr) store->touch(*ref);
  return {};
}

Status DiskModels::remove(const std::string& name) {
  QUERN_TRY(const ModelRef ref, named(name));
  QUERN_TRY(registry::Registry* const store, existing());
  QUERN_TRY(const registry::Model model, store->find(ref));
  QUERN_TRY(registry::Freed freed, store->remove(ref));
  serving_.catalog().remove(model.name.display());
  std::uint64_t n_bytes = freed.n_bytes;
  // Files that it has mapped go once it is out of memory; where it still answers, they are left to a later clean.
  const auto until = std::chrono::steady_clock::now() + kUnloadTime;
  while (!freed.in_use.empty() && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    QUERN_TRY(freed, store->free_files(model.files));
    n_bytes += freed.n_bytes;
  }
  log::info("model {}: removed, {} bytes of files{}", ref.display(), n_bytes,
            freed.in_use.empty() ? "" : "; it still answers: `quern models clean` takes the rest");
  return {};
}

Status DiskModels::copy(const std::string& from, const std::string& to) {
  QUERN_TRY(const ModelRef source, named(from));
  QUERN_TRY(const ModelRef target, named(to));
  QUERN_TRY(registry::Registry* const store, existing());
  QUERN_CHECK(store->copy(source, target));
  return serve_named(target);
}

Result<std::vector<std::string>> DiskModels::create(const std::string& name, const models::ModelRecipe& recipe) {
  QUERN_TRY(const ModelRef ref, named(name));
  QUERN_TRY(registry::Registry* const store, registry(true));
  registry::Modelfile description;
  description.from = recipe.from;
  if (!recipe.from.empty()) QUERN_CHECK(named(recipe.from));
  for (const auto& [file, text] : recipe.files) {
    QUERN_TRY(const registry::Digest digest, registry::Digest::parse(text));
    if (!description.from.empty())
      return fail_field("files", "expected one file, or \"from\" without files, found also {}", file);
    if (!store->blobs().has(digest)) return fail_field("files." + file, "no blob {} was uploaded", text);
    description.from = store->blobs().path_of(digest);
  }
  description.settings.system = recipe.system;
  description.settings.licenses = recipe.licenses;
  std::vector<std::string> notes;
  if (!recipe.chat_template.empty()) {
    description.settings.go_template = recipe.chat_template;
    notes.emplace_back("template: Ollama's templates are not used, but that of the model");
  }
  for (const auto& [key, value] : recipe.parameters) {
    QUERN_TRY(std::string note, registry::set_parameter(key, value, description.settings));
    if (!note.empty()) notes.push_back(std::move(note));
  }
  for (const auto& [role, content] : recipe.messages) description.settings.messages.push_back({role, content});
  QUERN_TRY(const std::vector<std::string> more, registry::create(*store, folders_, ref, description, {}));
  notes.insert(notes.end(), more.begin(), more.end());
  QUERN_CHECK(serve_named(ref));
  for (const std::string& note : notes) log::info("model {}: {}", ref.display(), note);
  return notes;
}

Result<bool> DiskModels::has_blob(const std::string& digest) {
  QUERN_TRY(const registry::Digest parsed, registry::Digest::parse(digest));
  QUERN_TRY(const registry::Registry* const store, registry(true));
  return store->blobs().has(parsed);
}

Result<std::unique_ptr<models::BlobUpload>> DiskModels::begin_blob(const std::string& digest, std::uint64_t n_bytes) {
  QUERN_TRY(registry::Digest wanted, registry::Digest::parse(digest));
  QUERN_TRY(const registry::Registry* const store, registry(true));
  QUERN_TRY(registry::BlobWriter writer, registry::BlobWriter::begin(store->blobs(), std::move(wanted), n_bytes));
  return std::make_unique<Upload>(std::move(writer));
}

std::shared_ptr<models::Pull> DiskModels::pull(std::string name, bool insecure, models::PullListener listener) {
  auto pull = std::make_shared<Running>(std::move(name), insecure, std::move(listener));
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(pulls_, [](const auto& one) {
      if (one->ended && one->thread.joinable()) one->thread.join();
      return one->ended;
    });
    if (pulls_.size() < kMaxPulls) {
      pulls_.push_back(pull);
      pull->thread = std::jthread([this, pull] { run_pull(pull); });
      return pull;
    }
  }
  pull->listener.on_end(fail(Errc::overloaded, "{} models are being fetched: try again later", kMaxPulls));
  return pull;
}

void DiskModels::run_pull(const std::shared_ptr<Running>& pull) {
  const auto fetch = [&]() -> Status {
    QUERN_TRY(const ModelRef ref, named(pull->name));
    QUERN_TRY(registry::Registry* const store, registry(true));
    QUERN_TRY(registry::pull::PullOptions asked, pull_setup(ref, false));
    asked.have_all = [store, &ref](const registry::sources::PullPlan& plan) {
      return registry::pull::has_all(*store, ref, plan);
    };
    registry::pull::Puller puller(std::move(asked), store->blobs(), [&](const registry::pull::PullEvent& event) {
      std::string line = registry::pull::ollama_line(event);
      if (!line.empty() && event.stage != registry::pull::Stage::done) pull->listener.on_line(std::move(line));
    });
    {
      const std::lock_guard lock(pull->mutex);
      if (pull->cancelled) return fail(Errc::cancelled, "{}: cancelled", pull->name);
      pull->puller = &puller;
    }
    Result<registry::pull::PullResult> pulled = puller.run();
    {
      const std::lock_guard lock(pull->mutex);
      pull->puller = nullptr;
    }
    if (!pulled) return pulled.error();
    ModelRef kept = registry::pull::kept_name(ref, pulled->plan);
    if (!pulled->up_to_date) {
      QUERN_TRY(const registry::pull::Added added, registry::pull::add_pulled(*store, ref, *pulled));
      kept = added.name;
      for (const std::string& note : added.notes) log::info("model {}: {}", kept.display(), note);
      QUERN_CHECK(registry::pull::drop_texts(*store, std::move(*pulled)));
    }
    QUERN_CHECK(serve_named(kept));
    pull->listener.on_line(R"({"status":"success"})");
    return {};
  };
  Status end;
  try {
    end = fetch();
  } catch (const std::exception& error) {
    end = fail(Errc::io, "{}: {}", pull->name, error.what());
  }
  if (!end) log::warn("pull {}: {}", pull->name, end.error().detail);
  pull->listener.on_end(std::move(end));
  const std::lock_guard lock(mutex_);
  pull->ended = true;
}

}  // namespace quern::app

#include "app/serving.hpp"

#include "app/loadable_model.hpp"
#include "app/model_digest.hpp"
#include "app/options/sampling_fields.hpp"
#include "models/local/local_embedder.hpp"
#include "models/local/local_generator.hpp"

#include <chrono>
#include <memory>
#include <utility>

namespace quern::app {
namespace {

Load load_of(const Options& options) {
  return {.parallel = options.sched.max_running,
          .prefill_tokens = options.sched.prefill_tokens_per_step,
          .states_kept = options.sched.prefix_cache ? 2u : 0u};
}

// A model that was loaded on demand: what answers goes before what it refers to.
struct Bundle {
  std::unique_ptr<LoadedModel> loaded;
  std::unique_ptr<models::ServedModel> served;
};

}  // namespace

Result<std::unique_ptr<Serving>> Serving::create(Machine& machine, const Options& options) {
  auto serving = std::unique_ptr<Serving>(new Serving(machine, options));
  if (options.model.on_demand) {
    QUERN_CHECK(serving->add_on_demand());
    return serving;
  }
  QUERN_CHECK(serving->load());
  for (const auto& model : serving->loaded_) {
    QUERN_TRY(models::ServedModel served, serving->start(*model));
    QUERN_CHECK(serving->catalog_.add(std::make_shared<models::ServedModel>(std::move(served))));
  }
  return serving;
}

// Weights and what makes vectors first: those that generate divide the rest.
Status Serving::load() {
  std::vector<ModelFile> files = options_.model.files;
  if (files.empty() && options_.model.embedding_files.empty() && options_.model.embedded) files.emplace_back();
  std::vector<LoadedModel*> generate;
  for (const ModelFile& file : files) {
    QUERN_TRY(auto model, LoadedModel::load(machine_, options_.model, file));
    if (model->model().info().generates) {
      generate.push_back(model.get());
    } else {
      QUERN_CHECK(model->prepare_to_embed());
    }
    loaded_.push_back(std::move(model));
  }
  for (const ModelFile& file : options_.model.embedding_files) {
    QUERN_TRY(auto model, LoadedModel::load(machine_, options_.model, file));
    QUERN_CHECK(model->prepare_to_embed());
    loaded_.push_back(std::move(model));
  }
  for (std::size_t i = 0; i < generate.size(); ++i)
    QUERN_CHECK(generate[i]->prepare_to_generate(load_of(options_), generate.size() - i));
  for (const auto& model : loaded_) model->log_summary();
  return {};
}

// What they are is read now, and so is said now what cannot be served.
Status Serving::add_on_demand() {
  std::vector<ModelFile> files = options_.model.files;
  if (files.empty() && options_.model.embedding_files.empty() && options_.model.embedded) files.emplace_back();
  for (const ModelFile& file : files) {
    QUERN_TRY(models::LoadableModel model, describe_model(options_, file, false));
    QUERN_CHECK(add(file, std::move(model)));
  }
  for (const ModelFile& file : options_.model.embedding_files) {
    QUERN_TRY(models::LoadableModel model, describe_model(options_, file, true));
    QUERN_CHECK(add(file, std::move(model), true));
  }
  return {};
}

Status Serving::preload() {
  for (const std::string& name : options_.model.preload) QUERN_CHECK(catalog_.load(name));
  return {};
}

void Serving::complete(const ModelFile& file, bool embeds, models::LoadableModel& model) {
  model.load = [this, file, embeds] { return load_one(file, embeds); };
  model.shared_is_there = [this, key = WeightsPool::key_of(file.path)] {
    return machine_.weights().find(key) != nullptr;
  };
}

Status Serving::add(const ModelFile& file, models::LoadableModel model, bool embeds) {
  complete(file, embeds, model);
  return catalog_.add(std::move(model));
}

bool Serving::describe(const ModelFile& file, models::LoadableModel model) {
  complete(file, false, model);
  return catalog_.describe(std::move(model));
}

Result<std::shared_ptr<models::ServedModel>> Serving::load_one(const ModelFile& file, bool embeds) {
  auto bundle = std::make_shared<Bundle>();
  QUERN_TRY(bundle->loaded, LoadedModel::load(machine_, options_.model, file));
  if (bundle->loaded->model().info().generates && !embeds) {
    Load load = load_of(options_);
    load.elastic = true;
    QUERN_CHECK(bundle->loaded->prepare_to_generate(load));
  } else {
    QUERN_CHECK(bundle->loaded->prepare_to_embed());
  }
  bundle->loaded->log_summary();
  QUERN_TRY(models::ServedModel started, start(*bundle->loaded));
  bundle->served = std::make_unique<models::ServedModel>(std::move(started));
  models::ServedModel* const served = bundle->served.get();
  return std::shared_ptr<models::ServedModel>(std::move(bundle), served);
}

Result<models::ServedModel> Serving::start(LoadedModel& model) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  QUERN_TRY(std::string digest, model_digest(model.model().file()));
  models::ServedModel served{.id = model.names().front(),
                             .aliases = {model.names().begin() + 1, model.names().end()},
                             .created_unix_s = std::chrono::duration_cast<std::chrono::seconds>(now).count(),
                             .info = model.model().info(),
                             .quantization = main_quantization(model.model().file()),
                             .digest = std::move(digest),
                             .sampling = sampling_over(model.file_sampling().params, options_),
                             .tokenizer = model.tokenizer(),
                             .chat = model.chat(),
                             .longest_token_bytes = models::longest_token(model.tokenizer()),
                             .generator = nullptr,
                             .rank_template = model.rank_template(),
                             .system = model.settings().system,
                             .stops = model.settings().stop,
                             .max_tokens = model.settings().max_tokens};
  for (const registry::SampleMessage& message : model.settings().messages)
    served.opening.emplace_back(message.role, message.content);
  if (model.generates()) {
    QUERN_CHECK(engine::sampling::validate(served.sampling, served.info.n_vocab));
    const auto on_short = [this](std::uint64_t bytes) { catalog_.residency().note_short(bytes); };
    QUERN_TRY(sched::Scheduler * scheduler, model.start_scheduler(options_.sched, on_short));
    served.generator = std::make_unique<models::LocalGenerator>(*scheduler, model.tokenizer());
  } else {
    sched::EmbedScheduler& scheduler = model.start_embed_scheduler(options_.sched);
    served.embedder = std::make_unique<models::LocalEmbedder>(scheduler, served.info.pooling);
  }
  return served;
}

}  // namespace quern::app

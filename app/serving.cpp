#include "app/serving.hpp"

#include "app/model_digest.hpp"
#include "app/options/sampling_fields.hpp"
#include "kernels/quant/quant_format.hpp"
#include "models/local/local_embedder.hpp"
#include "models/local/local_generator.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <map>
#include <utility>

namespace quern::app {
namespace {

// The format of most of its bytes.
std::string main_quantization(const engine::gguf::GgufFile& file) {
  std::map<kernels::TensorType, std::uint64_t> bytes;
  for (const engine::gguf::Tensor& tensor : file.tensors()) bytes[tensor.type] += tensor.data.size();
  const auto by_bytes = [](const auto& a, const auto& b) { return a.second < b.second; };
  const auto most = std::ranges::max_element(bytes, by_bytes);
  std::string name = most == bytes.end() ? "" : std::string(kernels::format_of(most->first).name);
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return name;
}

}  // namespace

Result<std::unique_ptr<Serving>> Serving::create(Machine& machine, const Options& options) {
  auto serving = std::unique_ptr<Serving>(new Serving(options.server.any_model));
  QUERN_CHECK(serving->load(machine, options));
  for (const auto& model : serving->loaded_) QUERN_CHECK(serving->start(*model, options));
  return serving;
}

// Weights and what makes vectors first: those that generate divide the rest.
Status Serving::load(Machine& machine, const Options& options) {
  std::vector<ModelFile> files = options.model.files;
  if (files.empty() && options.model.embedding_files.empty()) files.emplace_back();
  std::vector<LoadedModel*> generate;
  for (const ModelFile& file : files) {
    QUERN_TRY(auto model, LoadedModel::load(machine, options.model, file));
    if (model->model().info().generates) {
      generate.push_back(model.get());
    } else {
      QUERN_CHECK(model->prepare_to_embed());
    }
    loaded_.push_back(std::move(model));
  }
  for (const ModelFile& file : options.model.embedding_files) {
    QUERN_TRY(auto model, LoadedModel::load(machine, options.model, file));
    QUERN_CHECK(model->prepare_to_embed());
    loaded_.push_back(std::move(model));
  }
  const Load load{.parallel = options.sched.max_running,
                  .prefill_tokens = options.sched.prefill_tokens_per_step,
                  .states_kept = options.sched.prefix_cache ? 2u : 0u};
  for (std::size_t i = 0; i < generate.size(); ++i)
    QUERN_CHECK(generate[i]->prepare_to_generate(load, generate.size() - i));
  for (const auto& model : loaded_) model->log_summary();
  return {};
}

Status Serving::start(LoadedModel& model, const Options& options) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  QUERN_TRY(std::string digest, model_digest(model.model().file()));
  models::ServedModel served{.id = model.names().front(),
                             .aliases = {model.names().begin() + 1, model.names().end()},
                             .created_unix_s = std::chrono::duration_cast<std::chrono::seconds>(now).count(),
                             .info = model.model().info(),
                             .quantization = main_quantization(model.model().file()),
                             .digest = std::move(digest),
                             .sampling = sampling_over(model.file_sampling().params, options),
                             .tokenizer = model.tokenizer(),
                             .chat = model.chat(),
                             .longest_token_bytes = models::longest_token(model.tokenizer()),
                             .generator = nullptr,
                             .rank_template = model.rank_template()};
  if (model.generates()) {
    QUERN_CHECK(engine::sampling::validate(served.sampling, served.info.n_vocab));
    QUERN_TRY(sched::Scheduler * scheduler, model.start_scheduler(options.sched));
    served.generator = std::make_unique<models::LocalGenerator>(*scheduler, model.tokenizer());
  } else {
    sched::EmbedScheduler& scheduler = model.start_embed_scheduler(options.sched);
    served.embedder = std::make_unique<models::LocalEmbedder>(scheduler, served.info.pooling);
  }
  return catalog_.add(std::make_shared<models::ServedModel>(std::move(served)));
}

}  // namespace quern::app

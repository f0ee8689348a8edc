#include "app/loaded_model.hpp"

#include "app/embedded_model.hpp"
#include "app/kv_sizing.hpp"
#include "base/assert.hpp"
#include "base/log.hpp"
#include "engine/gguf/open_files.hpp"
#include "registry/sampling_names.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <fmt/ranges.h>

namespace quern::app {
namespace {

// Tokens of a step that makes vectors, where texts are shorter, and texts of one step.
constexpr std::uint32_t kEmbedTokens = 1024, kEmbedTexts = 128;
constexpr std::uint32_t kDefaultEmbedContext = 8192;

constexpr double kMiB = 1 << 20;

Error cannot_generate(const engine::gguf::GgufFile& file, std::string_view architecture) {
  return fail(Errc::unsupported, "{}: architecture '{}' computes embeddings and cannot generate text", file.name(),
              architecture);
}

Status check_generates(const engine::gguf::GgufFile& file) {
  QUERN_TRY(const std::string_view name, file.get_string("general.architecture"));
  const engine::ArchSpec* arch = engine::find_architecture(name);
  if (arch == nullptr || arch->generates) return {};  // an unknown one: refused with the list of those known
  return cannot_generate(file, name);
}

// Of the budget: what a model with recurrent state that is loaded on demand takes for it and its pages.
constexpr std::uint64_t kStateShare = 8;

kernels::KvType kv_type(const ModelOptions& options) {
  for (const kernels::KvType type : {kernels::KvType::bf16, kernels::KvType::q8_0, kernels::KvType::f32}) {
    if (options.kv_type == kernels::kv_type_name(type)) return type;
  }
  return kernels::KvType::f16;
}

engine::WeightOptions weight_options(const ModelOptions& options) {
  using engine::Arithmetic, engine::Packing;
  return {.pack = options.pack == "on"    ? Packing::on
                  : options.pack == "off" ? Packing::off
                                          : Packing::automatic,
          .arithmetic = options.arithmetic == "exact"  ? Arithmetic::exact
                        : options.arithmetic == "fast" ? Arithmetic::fast
                                                       : Arithmetic::automatic};
}

// A wish is cut to what the model can do; what the user asked for by name is not.
std::uint32_t wanted_context(const ModelOptions& options, const registry::Settings& settings, const Load& load,
                             std::uint32_t n_context_train) {
  if (options.ctx != 0) return options.ctx;
  const std::uint32_t wish = settings.ctx.value_or(load.min_context);
  return n_context_train == 0 ? wish : std::min(wish, n_context_train);
}

// Too little memory by default is no fault of the model's: say what would help.
Error with_hint(Error error, const ModelOptions& options) {
  if (error.code == Errc::overloaded && options.memory == 0) {
    error.detail += "; the budget is 90% of the memory that can be had now, --memory sets another";
  }
  return error;
}

// Of the file; empty where there is none.
std::string read_rank_template(const engine::gguf::GgufFile& file) {
  constexpr std::string_view kKey = "tokenizer.chat_template.rerank";
  if (file.find(kKey) == nullptr) return {};
  const Result<std::string_view> text = file.get_string(kKey);
  if (text && text->find("{query}") != std::string_view::npos && text->find("{document}") != std::string_view::npos)
    return std::string(*text);
  log::warn("{}: not honoured: {}: want a text with {{query}} and {{document}}", file.name(), kKey);
  return {};
}

}  // namespace

Result<std::unique_ptr<engine::gguf::GgufFile>> open_model_file(const ModelFile& file) {
  if (!file.shards.empty()) return engine::gguf::open_files(file.shards);
  if (!file.path.empty()) return engine::gguf::GgufFile::open(file.path);
  return engine::gguf::GgufFile::parse(embedded_model(), std::string(kEmbeddedModelName));
}

kv::KvConfig kv_config(const engine::HyperParams& params, const ModelOptions& options) {
  return engine::kv_config_for(params, kv_type(options), options.page_tokens, 1, 1);
}

std::vector<std::string> model_names(const ModelFile& file, const std::string& alias) {
  if (!alias.empty()) return {alias};
  if (!file.names.empty()) return file.names;
  if (file.path.empty()) return {std::string(kEmbeddedModelName)};
  return {std::filesystem::path(file.path).stem().string()};
}

Result<std::unique_ptr<LoadedModel>> LoadedModel::load(Machine& machine, const ModelOptions& options,
                                                       const ModelFile& file, bool must_generate) {
  auto out = std::unique_ptr<LoadedModel>(new LoadedModel(machine, options));
  if (const Status read = out->read(file, must_generate); !read) return with_hint(read.error(), options);
  return out;
}

LoadedModel::~LoadedModel() = default;

Status LoadedModel::read(const ModelFile& from, bool must_generate) {
  const std::string key = WeightsPool::key_of(from.path);
  model_ = machine_.weights().find(key);
  std::unique_ptr<engine::gguf::GgufFile> opened;
  if (model_ == nullptr) {
    QUERN_TRY(opened, open_model_file(from));
  }
  const engine::gguf::GgufFile& file = opened ? *opened : model_->file();
  if (must_generate) QUERN_CHECK(check_generates(file));
  QUERN_TRY(tokenizer_, options_.tokenizer.empty() ? engine::load_tokenizer(file)
                                                   : engine::load_tokenizer_file(options_.tokenizer, &file));
  const std::string& chosen = from.chat_template.empty() ? options_.chat_template : from.chat_template;
  QUERN_TRY(auto templates, engine::chat::TemplateSet::load(file, *tokenizer_, chosen));
  chat_ = std::make_unique<engine::chat::TemplateSet>(std::move(templates));
  names_ = model_names(from, options_.alias);
  file_sampling_ = engine::sampling::read_file_defaults(file);
  settings_ = from.settings;
  QUERN_TRY(file_sampling_.params, registry::sampling_over(file_sampling_.params, settings_));
  rank_template_ = read_rank_template(file);
  if (opened) {
    const auto load = [&] {
      return engine::Model::load(std::move(opened), machine_.topology(), machine_.pool(), machine_.kernels(),
                                 machine_.ledger(), weight_options(options_));
    };
    QUERN_TRY(model_, machine_.weights().get(key, load));
  }
  if (tokenizer_->n_vocab() > model_->info().n_vocab) {
    return fail(Errc::corrupt, "{}: want a vocabulary of at most {} tokens, the rows of token_embd.weight, found {}",
                model_->file().name(), model_->info().n_vocab, tokenizer_->n_vocab());
  }
  return {};
}

Status LoadedModel::prepare_to_generate(const Load& load, std::size_t n_models) {
  if (!model_->info().generates) return cannot_generate(model_->file(), model_->info().architecture);
  const auto prepare = [&]() -> Status {
    kv::KvConfig config = kv_config(model_->params(), options_);
    // Of elastic pages there may be as many as if the model were alone; recurrent state is there from the start.
    const bool elastic = load.elastic && config.state_page_bytes() == 0;
    const std::uint64_t weights = std::min(model_->weight_bytes(), machine_.ledger().budget());
    const std::uint64_t shared = load.elastic ? machine_.ledger().budget() / kStateShare : UINT64_MAX;
    const std::uint64_t bytes_left =
        elastic ? machine_.ledger().budget() - weights : std::min(machine_.bytes_left() / n_models, shared);
    QUERN_TRY(const KvPlan plan,
              plan_kv({.ctx = wanted_context(options_, settings_, load, model_->info().n_context_train),
                       .kv_pages = options_.kv_pages,
                       .parallel = load.parallel,
                       .n_context_train = model_->info().n_context_train,
                       .page_tokens = options_.page_tokens,
                       .page_bytes = config.page_bytes(),
                       .state_bytes = config.state_page_bytes(),
                       .states_kept = load.states_kept,
                       .bytes_left = bytes_left}));
    if (plan.parallel < load.parallel) {
      log::warn(
          "memory budget: recurrent state of {:.1f} MiB for each request: {} run at once instead of {} (--memory)",
          static_cast<double>(config.state_page_bytes()) / kMiB, plan.parallel, load.parallel);
    }
    config.n_pages = plan.n_pages;
    config.n_state_pages = plan.n_states;
    const std::uint32_t n_backed = elastic ? kv::pages_for(plan.ctx, options_.page_tokens) : config.n_pages;
    QUERN_TRY(arena_, kv::PageArena::create(config, machine_.topology(), machine_.ledger(), n_backed));
    const engine::BackendLimits limits{.max_tokens_per_step = load.prefill_tokens + plan.parallel,
                                       .max_seqs_per_step = plan.parallel,
                                       .max_logits_per_step = plan.parallel,
                                       .max_context = plan.ctx};
    QUERN_TRY(executor_, engine::CpuExecutor::create(*model_, arena_.get(), machine_.pool(), machine_.kernels(), limits,
                                                     machine_.topology(), machine_.ledger()));
    return {};
  };
  if (const Status prepared = prepare(); !prepared) return with_hint(prepared.error(), options_);
  return {};
}

Status LoadedModel::prepare_to_embed() {
  const engine::ModelInfo& info = model_->info();
  if (info.generates && info.pooling == engine::Pooling::none) {
    return fail(Errc::unsupported,
                "{}: its {}.pooling_type names no way to make vectors of texts; it generates text (-m)",
                model_->file().name(), info.architecture);
  }
  const std::uint32_t trained = info.n_context_train == 0 ? kDefaultEmbedContext : info.n_context_train;
  if (options_.embedding_ctx > trained) {
    return fail_field("--embedding-ctx", "want at most {}, the context {} was trained for, found {}", trained,
                      names_.front(), options_.embedding_ctx);
  }
  const std::uint32_t context =
      options_.embedding_ctx != 0 ? options_.embedding_ctx : std::min(trained, kDefaultEmbedContext);
  const std::uint32_t n_tokens = std::max(context, kEmbedTokens);
  const engine::BackendLimits limits{.max_tokens_per_step = n_tokens,
                                     .max_seqs_per_step = kEmbedTexts,
                                     .max_logits_per_step = n_tokens,
                                     .max_context = context};
  auto executor = engine::CpuExecutor::create(*model_, nullptr, machine_.pool(), machine_.kernels(), limits,
                                              machine_.topology(), machine_.ledger());
  if (!executor) return with_hint(executor.error(), options_);
  executor_ = std::move(*executor);
  return {};
}

void LoadedModel::log_summary() const {
  const engine::ModelInfo& info = model_->info();
  log::info("model {}: {}, {:.2f}M parameters, {:.1f} MiB", fmt::join(names_, ", "), info.architecture,
            static_cast<double>(info.n_params) / 1e6, static_cast<double>(info.size_bytes) / kMiB);
  const ByteLedger& ledger = machine_.ledger();
  const double used = static_cast<double>(ledger.used()) / kMiB, budget = static_cast<double>(ledger.budget()) / kMiB;
  if (arena_ == nullptr) {
    log::info("{} threads, {} kernels, texts of at most {} tokens, {:.1f} of {:.1f} MiB in use",
              machine_.pool().n_workers(), machine_.kernels().isa, executor_->limits().max_context, used, budget);
    return;
  }
  if (!file_sampling_.applied.empty())
    log::info("sampling as the model's file recommends, where nothing else is asked: {}",
              fmt::join(file_sampling_.applied, ", "));
  for (const std::string& reason : file_sampling_.ignored) log::warn("not honoured: {}", reason);
  const kv::KvConfig& kv = arena_->config();
  log::info("{} threads, {} kernels, context {}, {} KV pages of {} tokens ({:.1f} MiB), {:.1f} of {:.1f} MiB in use",
            machine_.pool().n_workers(), machine_.kernels().isa, executor_->limits().max_context, kv.n_pages,
            kv.page_tokens, static_cast<double>(kv.page_bytes()) * kv.n_pages / kMiB, used, budget);
  if (kv.n_state_pages == 0) return;
  log::info("recurrent state: {} pages of {:.1f} MiB, for {} requests at once and {} copies at borders of prompts",
            kv.n_state_pages, static_cast<double>(kv.state_page_bytes()) / kMiB, executor_->limits().max_seqs_per_step,
            kv.n_state_pages - executor_->limits().max_seqs_per_step);
}

Result<sched::Scheduler*> LoadedModel::start_scheduler(sched::SchedulerLimits limits,
                                                       std::function<void(std::uint64_t)> on_short) {
  QUERN_ASSERT(scheduler_ == nullptr && arena_ != nullptr);
  limits.max_running = std::min(limits.max_running, executor_->limits().max_seqs_per_step);
  QUERN_TRY(scheduler_memory_, machine_.ledger().reserve(MemoryUse::buffers,
                                                         sched::Scheduler::buffer_bytes(*executor_, arena_->config())));
  scheduler_ = std::make_unique<sched::Scheduler>(*executor_, *arena_, *tokenizer_, machine_.clock(), limits,
                                                  &machine_.conductor());
  scheduler_->on_short(std::move(on_short));
  scheduler_->start([this] { machine_.pool().pin_caller(); });
  return scheduler_.get();
}

sched::EmbedScheduler& LoadedModel::start_embed_scheduler(const sched::SchedulerLimits& limits) {
  QUERN_ASSERT(embed_scheduler_ == nullptr && executor_ != nullptr && arena_ == nullptr);
  embed_scheduler_ =
      std::make_unique<sched::EmbedScheduler>(*executor_, *executor_, machine_.clock(), limits, machine_.conductor());
  embed_scheduler_->start([this] { machine_.pool().pin_caller(); });
  return *embed_scheduler_;
}

}  // namespace quern::app

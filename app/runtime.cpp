#include "app/runtime.hpp"

#include "app/embedded_model.hpp"
#include "app/kv_sizing.hpp"
#include "app/options/values.hpp"
#include "base/assert.hpp"
#include "base/log.hpp"
#include "base/machine_memory.hpp"
#include "engine/gguf/reader.hpp"
#include "engine/gguf/splits.hpp"
#include "kernels/cpu/isa.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/ranges.h>

namespace quern::app {
namespace {

Result<std::unique_ptr<engine::gguf::GgufFile>> open_model(const ModelOptions& options) {
  if (!options.model.empty()) return engine::gguf::GgufFile::open(options.model);
  return engine::gguf::GgufFile::parse(embedded_model(), std::string(kEmbeddedModelName));
}

std::string model_id(const ModelOptions& options) {
  if (!options.alias.empty()) return options.alias;
  if (options.model.empty()) return std::string(kEmbeddedModelName);
  return std::filesystem::path(options.model).stem().string();
}

Error cannot_generate(const engine::gguf::GgufFile& file, std::string_view architecture) {
  return fail(Errc::unsupported, "{}: architecture '{}' computes embeddings and cannot generate text", file.name(),
              architecture);
}

// Encoders are refused before anything else of theirs is looked at, their tokenizer for instance.
Status check_generates(const engine::gguf::GgufFile& file) {
  QUERN_TRY(const std::string_view name, file.get_string("general.architecture"));
  const engine::ArchSpec* arch = engine::find_architecture(name);
  if (arch == nullptr || arch->generates) return {};  // an unknown one: refused with the list of those known
  return cannot_generate(file, name);
}

kernels::KvType kv_type(const ModelOptions& options) {
  for (const kernels::KvType type : {kernels::KvType::bf16, kernels::KvType::q8_0, kernels::KvType::f32}) {
    if (options.kv_type == kernels::kv_type_name(type)) return type;
  }
  return kernels::KvType::f16;
}

// A wish is cut to what the model can do; what the user asked for by name is not.
std::uint32_t wanted_context(const ModelOptions& options, const Load& load, std::uint32_t n_context_train) {
  if (options.ctx != 0) return options.ctx;
  return n_context_train == 0 ? load.min_context : std::min(load.min_context, n_context_train);
}

double gib(std::uint64_t bytes) {
  return static_cast<double>(bytes) / (1 << 30);
}

// Of all files of a split set.
std::uint64_t weights_held_in_memory(const std::string& path) {
  const std::uint64_t named = bytes_held_in_memory(path);
  const auto split = engine::gguf::parse_split_name(path);
  if (named == 0 || !split) return named;
  std::uint64_t all = 0;
  for (std::uint64_t file = 1; file <= split->count; ++file) all += bytes_held_in_memory(split->path_of(file));
  return all;
}

// Too little memory by default is no fault of the model's: say what would help.
Error with_hint(Error error, const ModelOptions& options) {
  if (error.code == Errc::overloaded && options.memory == 0) {
    error.detail += "; the budget is 90% of the memory that can be had now, --memory sets another";
  }
  return error;
}

}  // namespace

std::uint64_t memory_budget(const ModelOptions& options) {
  const MachineMemory memory = read_machine_memory();
  if (options.memory != 0) {
    if (options.memory > memory.usable()) {
      log::info("memory budget: {:.2f} GiB as asked for, {} can be had now", gib(options.memory), memory.describe());
    }
    return options.memory;
  }
  const std::uint64_t held = weights_held_in_memory(options.model);
  const std::uint64_t budget = default_memory_budget(memory, held);
  log::info("memory budget: {:.2f} GiB, 90% of what can be had now ({}){}", gib(budget), memory.describe(),
            held == 0 ? "" : ", and the weights, which are in memory already");
  return budget;
}

Result<std::unique_ptr<Runtime>> Runtime::create(const ModelOptions& options, const Load& load) {
  auto runtime = std::unique_ptr<Runtime>(new Runtime(memory_budget(options)));
  QUERN_TRY(runtime->kernels_, kernels::select_tier_from_environment());
  QUERN_TRY(runtime->topology_, kernels::read_topology());
  const kernels::CorePoolOptions pool{.n_workers = options.threads, .pin = options.pin};
  QUERN_TRY(runtime->pool_, kernels::CorePool::create(runtime->topology_, pool));
  if (const Status loaded = runtime->load_model(options); !loaded) return with_hint(loaded.error(), options);
  if (const Status made = runtime->create_executor(options, load); !made) return with_hint(made.error(), options);
  runtime->log_summary();
  return runtime;
}

Runtime::~Runtime() = default;

Status Runtime::load_model(const ModelOptions& options) {
  QUERN_TRY(auto file, open_model(options));
  QUERN_CHECK(check_generates(*file));
  QUERN_TRY(tokenizer_, options.tokenizer.empty() ? engine::load_tokenizer(*file)
                                                  : engine::load_tokenizer_file(options.tokenizer, file.get()));
  QUERN_TRY(auto templates, engine::chat::TemplateSet::load(*file, *tokenizer_, options.chat_template));
  chat_ = std::make_unique<engine::chat::TemplateSet>(std::move(templates));
  model_id_ = app::model_id(options);
  file_sampling_ = engine::sampling::read_file_defaults(*file);
  QUERN_TRY(model_, engine::Model::load(std::move(file), topology_, *pool_, *kernels_, ledger_));
  if (!model_->info().generates) return cannot_generate(model_->file(), model_->info().architecture);
  if (tokenizer_->n_vocab() > model_->info().n_vocab) {
    return fail(Errc::corrupt, "{}: want a vocabulary of at most {} tokens, the rows of token_embd.weight, found {}",
                model_->file().name(), model_->info().n_vocab, tokenizer_->n_vocab());
  }
  return {};
}

Status Runtime::create_executor(const ModelOptions& options, const Load& load) {
  kv::KvConfig config = engine::kv_config_for(model_->params(), kv_type(options), options.page_tokens, 1, 1);
  QUERN_TRY(const KvPlan plan, plan_kv({.ctx = wanted_context(options, load, model_->info().n_context_train),
                                        .kv_pages = options.kv_pages,
                                        .parallel = load.parallel,
                                        .n_context_train = model_->info().n_context_train,
                                        .page_tokens = options.page_tokens,
                                        .page_bytes = config.page_bytes(),
                                        .state_bytes = config.state_page_bytes(),
                                        .states_kept = load.states_kept,
                                        .bytes_left = ledger_.budget() - ledger_.used()}));
  if (plan.parallel < load.parallel) {
    log::warn("memory budget: recurrent state of {:.1f} MiB for each request: {} run at once instead of {} (--memory)",
              static_cast<double>(config.state_page_bytes()) / (1 << 20), plan.parallel, load.parallel);
  }
  config.n_pages = plan.n_pages;
  config.n_state_pages = plan.n_states;
  QUERN_TRY(arena_, kv::PageArena::create(config, topology_, ledger_));
  const engine::BackendLimits limits{.max_tokens_per_step = load.prefill_tokens + plan.parallel,
                                     .max_seqs_per_step = plan.parallel,
                                     .max_logits_per_step = plan.parallel,
                                     .max_context = plan.ctx};
  QUERN_TRY(executor_,
            engine::CpuExecutor::create(*model_, arena_.get(), *pool_, *kernels_, limits, topology_, ledger_));
  return {};
}

void Runtime::log_summary() const {
  const engine::ModelInfo& info = model_->info();
  log::info("model {}: {}, {:.2f}M parameters, {:.1f} MiB", model_id_, info.architecture,
            static_cast<double>(info.n_params) / 1e6, static_cast<double>(info.size_bytes) / (1 << 20));
  if (!file_sampling_.applied.empty())
    log::info("sampling as the model's file recommends, where nothing else is asked: {}",
              fmt::join(file_sampling_.applied, ", "));
  for (const std::string& reason : file_sampling_.ignored) log::warn("not honoured: {}", reason);
  const kv::KvConfig& kv = arena_->config();
  log::info("{} threads, {} kernels, context {}, {} KV pages of {} tokens ({:.1f} MiB), {:.1f} of {:.1f} MiB in use",
            pool_->n_workers(), kernels_->isa, executor_->limits().max_context, kv.n_pages, kv.page_tokens,
            static_cast<double>(kv.page_bytes()) * kv.n_pages / (1 << 20),
            static_cast<double>(ledger_.used()) / (1 << 20), static_cast<double>(ledger_.budget()) / (1 << 20));
  if (kv.n_state_pages == 0) return;
  log::info("recurrent state: {} pages of {:.1f} MiB, for {} requests at once and {} copies at borders of prompts",
            kv.n_state_pages, static_cast<double>(kv.state_page_bytes()) / (1 << 20),
            executor_->limits().max_seqs_per_step, kv.n_state_pages - executor_->limits().max_seqs_per_step);
}

Result<sched::Scheduler*> Runtime::start_scheduler(sched::SchedulerLimits limits) {
  QUERN_ASSERT(scheduler_ == nullptr);
  limits.max_running = std::min(limits.max_running, executor_->limits().max_seqs_per_step);
  QUERN_TRY(scheduler_memory_,
            ledger_.reserve(MemoryUse::buffers, sched::Scheduler::buffer_bytes(*executor_, arena_->config())));
  scheduler_ = std::make_unique<sched::Scheduler>(*executor_, *arena_, *tokenizer_, clock_, limits);
  scheduler_->start([this] { pool_->pin_caller(); });
  return scheduler_.get();
}

}  // namespace quern::app

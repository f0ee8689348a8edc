// A model in memory, and what computes with it: an executor with KV pages and a scheduler where it generates, one
// without pages where it makes vectors of texts. Threads: all functions from one, until a scheduler runs: then the
// executor is that engine thread's. Ownership: owns all of it; refers to the machine.
#pragma once

#include "app/machine.hpp"
#include "engine/chat/template_set.hpp"
#include "engine/forward.hpp"
#include "engine/model.hpp"
#include "engine/sampling/file_defaults.hpp"
#include "engine/tokenizer/tokenizer.hpp"
#include "kv/page_arena.hpp"
#include "sched/embed/embed_scheduler.hpp"
#include "sched/scheduler.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace quern::app {

// How much of an executor that generates will be used.
struct Load {
  std::uint32_t parallel = 1;          // sequences at once; fewer, where recurrent state of so many does not fit
  std::uint32_t prefill_tokens = 256;  // prompt tokens of one step
  std::uint32_t min_context = 0;       // what one sequence must have room for; 0: no wish
  std::uint32_t states_kept = 0;       // copies of recurrent state that are of use for each sequence
  bool elastic = false;  // KV pages get memory as they are needed, beyond those of one sequence of the whole context
};

// What clients call it: as the options say, else its file's name.
std::vector<std::string> model_names(const ModelFile& file, const std::string& alias);
Result<std::unique_ptr<engine::gguf::GgufFile>> open_model_file(const ModelFile& file);
// Of one page and one state.
kv::KvConfig kv_config(const engine::HyperParams& params, const ModelOptions& options);

class LoadedModel {
 public:
  // Weights, tokenizer and templates. must_generate: an encoder is refused before anything else of it is looked at, its
  // tokenizer for instance. Errors: those of the GGUF reader, Model and Tokenizer; overloaded, with what would
  // help.
  static Result<std::unique_ptr<LoadedModel>> load(Machine& machine, const ModelOptions& options, const ModelFile& file,
                                                   bool must_generate = false);
  ~LoadedModel();

  // One of the two, once. n_models: how many models, this one among them, divide what is left of the memory budget.
  // Errors: unsupported (an encoder cannot generate; a model that was not made for it makes no vectors), those of
  // PageArena and CpuExecutor, overloaded.
  Status prepare_to_generate(const Load& load, std::size_t n_models = 1);
  Status prepare_to_embed();
  void log_summary() const;

  // Creates and starts the engine thread, which becomes worker 0 of the pool. No more requests run at once than the
  // executor has room for. Errors: overloaded, where the memory budget has no room for its buffers.
  // REQUIRES: prepared for it, not called before.
  // on_short: see Scheduler::on_short().
  Result<sched::Scheduler*> start_scheduler(sched::SchedulerLimits limits,
                                            std::function<void(std::uint64_t)> on_short = {});
  sched::EmbedScheduler& start_embed_scheduler(const sched::SchedulerLimits& limits);

  const engine::Model& model() const noexcept { return *model_; }
  const engine::Tokenizer& tokenizer() const noexcept { return *tokenizer_; }
  const engine::chat::TemplateSet& chat() const noexcept { return *chat_; }
  const std::vector<std::string>& names() const noexcept { return names_; }  // at least one
  // The file's recommendations, and the settings of the model by name over them.
  const engine::sampling::FileDefaults& file_sampling() const noexcept { return file_sampling_; }
  const registry::Settings& settings() const noexcept { return settings_; }
  const std::string& rank_template() const noexcept { return rank_template_; }
  bool generates() const noexcept { return arena_ != nullptr; }  // once it is prepared
  kv::PageArena& arena() noexcept { return *arena_; }
  engine::CpuExecutor& executor() noexcept { return *executor_; }

 private:
  LoadedModel(Machine& machine, const ModelOptions& options) : machine_(machine), options_(options) {}
  Status read(const ModelFile& file, bool must_generate);

  Machine& machine_;
  const ModelOptions options_;
  std::vector<std::string> names_;
  std::shared_ptr<const engine::Model> model_;
  std::unique_ptr<engine::Tokenizer> tokenizer_;
  std::unique_ptr<engine::chat::TemplateSet> chat_;
  registry::Settings settings_;  // of the registry; over the file's
  engine::sampling::FileDefaults file_sampling_;
  std::string rank_template_;  // tokenizer.chat_template.rerank: text with {query} and {document}
  std::unique_ptr<kv::PageArena> arena_;
  std::unique_ptr<engine::CpuExecutor> executor_;
  ByteLedger::Reservation scheduler_memory_;
  std::unique_ptr<sched::Scheduler> scheduler_;
  std::unique_ptr<sched::EmbedScheduler> embed_scheduler_;
};

}  // namespace quern::app

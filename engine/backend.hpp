// What the scheduler needs of something that runs a model: the CPU executor (forward.hpp) now, Vulkan later, a scripted
// fake in tests. Threads: forward() from the engine thread only; info() any.
#pragma once

#include "engine/context_cost.hpp"
#include "engine/hyper_params.hpp"
#include "engine/step_plan.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace quern::engine {

struct ModelInfo {
  std::string name;          // general.name, or the file's stem
  std::string architecture;  // general.architecture
  std::uint32_t n_vocab = 0;
  std::uint32_t n_layers = 0;
  std::uint32_t n_embd = 0;
  std::uint32_t n_context_train = 0;  // <arch>.context_length
  std::uint64_t n_params = 0;
  std::uint64_t size_bytes = 0;     // tensor bytes
  bool generates = true;            // false: an encoder; forward() must not be called
  Pooling pooling = Pooling::none;  // how its maker meant it to embed; none: it was not
  std::uint32_t n_labels = 0;       // outputs of a ranking model's head
  // What attention adds to the work of a token.
  ContextCost context_cost;
};

struct BackendLimits {
  std::uint32_t max_tokens_per_step = 512;  // token rows of one plan
  std::uint32_t max_seqs_per_step = 64;
  std::uint32_t max_logits_per_step = 64;
  std::uint32_t max_context = 2048;  // positions of one sequence
  // Whether decode and prefill rows get the same arithmetic (kernels::Role), so that it does not matter which of the
  // two a token was when its keys and values were computed.
  bool same_arithmetic = true;
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual const ModelInfo& info() const noexcept = 0;
  virtual const BackendLimits& limits() const noexcept = 0;
  // Runs the plan: writes K and V into the pages and logits[n_logits, n_vocab] (rows in the order of
  // plan.logits_tokens). Rows of sequences cancelled meanwhile are left unspecified.
  // REQUIRES: the plan is inside limits() and its pages are owned by its sequences.
  virtual void forward(const StepPlan& plan, std::span<float> logits) noexcept = 0;
  // Grows while forward() gets on. Any thread.
  virtual std::uint64_t progress() const noexcept { return 0; }
};

// What computes vectors of texts instead of next tokens. Threads: embed() from the engine thread only.
class Embedder {
 public:
  virtual ~Embedder() = default;
  // Values that embed() writes: d_model, or with Pooling::rank the number of labels.
  virtual std::uint32_t embedding_width(Pooling pooling) const noexcept = 0;
  // out[n_seqs, width], or with Pooling::none [n_tokens, width]; not normalized. Each sequence is whole, its positions
  // start at 0; kv_slot, page_table and logits_tokens of the plan are not read, and no KV page is touched. Rows of
  // sequences cancelled meanwhile are left unspecified.
  // Returns the indexes of the sequences, ascending, whose vectors hold something that is not a finite number (broken
  // weights, or an overflow on the way): these are no result. Valid until the next call.
  // REQUIRES: the plan is inside the limits; rank only where the model has labels.
  [[nodiscard]] virtual std::span<const std::uint32_t> embed(const StepPlan& plan, Pooling pooling,
                                                             std::span<float> out) noexcept = 0;
};

}  // namespace quern::engine

// Runs a model file through the CPU executor in tests: chosen tier, KV type, page size and number of workers, any
// chunking. Threads: one test thread. Errors: as of the loaders.
#pragma once

#include "base/byte_ledger.hpp"
#include "engine/forward.hpp"
#include "engine/model.hpp"
#include "kernels/core_pool.hpp"
#include "kv/page_arena.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

namespace quern::test {

struct RunnerOptions {
  const kernels::KernelTable* kernels = nullptr;
  kernels::KvType kv_type = kernels::KvType::f32;
  std::uint32_t page_tokens = 16;
  std::uint32_t n_workers = 2;
  std::uint32_t n_pages = 64;
  std::uint32_t max_tokens_per_step = 256;
  std::uint32_t max_context = 0;  // 0: all pages, or as many positions as the model has learned
  std::uint32_t n_state_pages = 8;
  std::string synthetic_topology;  // empty: this machine
  engine::WeightOptions weights;
};

// One sequence's part of a step.
struct Chunk {
  std::uint32_t seq = 0;                 // index of a sequence of this runner
  std::vector<std::int32_t> tokens;      // appended at the sequence's end
  std::vector<std::uint32_t> logits_at;  // indexes into tokens, ascending
  bool decode = false;                   // a generated token (exactly one): decode arithmetic. Decode chunks come first
  const std::atomic<bool>* cancelled = nullptr;
};

class ModelRunner {
 public:
  static Result<std::unique_ptr<ModelRunner>> create(const std::filesystem::path& gguf, const RunnerOptions& options);

  // A new empty sequence; its pages are taken round-robin from the arena, so that neighbours interleave.
  std::uint32_t add_sequence();
  // One forward pass. Returns the logits rows in order of the chunks' logits_at.
  std::vector<std::vector<float>> step(std::span<const Chunk> chunks);

  // A fresh sequence fed `tokens` in chunks of the given sizes (the last one repeats); logits at the given positions.
  std::vector<std::vector<float>> prefill(std::span<const std::int32_t> tokens,
                                          std::span<const std::uint32_t> positions,
                                          std::span<const std::uint32_t> chunk_sizes);
  // Greedy continuation of `tokens` in a fresh sequence.
  std::vector<std::int32_t> greedy(std::span<const std::int32_t> tokens, std::uint32_t n_new);

  // Vectors of whole sequences, computed in one step: one per sequence, or with Pooling::none one per token.
  std::vector<std::vector<float>> embed(std::span<const std::vector<std::int32_t>> sequences, engine::Pooling pooling);
  const std::vector<std::uint32_t>& broken() const noexcept { return broken_; }  // what the last embed() said

  void reset() noexcept;  // forgets all sequences and their pages
  const engine::Model& model() const noexcept { return *model_; }
  engine::CpuExecutor& executor() noexcept { return *executor_; }

 private:
  ModelRunner() = default;
  kv::PageId take_page();

  struct Sequence {
    std::uint32_t length = 0;
    std::vector<kv::PageId> pages;
    kv::PageId state_page = kv::kNoPage;
  };
  RunnerOptions options_;
  std::unique_ptr<ByteLedger> ledger_;
  kernels::Topology topology_;
  std::unique_ptr<kernels::CorePool> pool_;
  std::unique_ptr<engine::Model> model_;
  std::unique_ptr<kv::PageArena> arena_;
  std::unique_ptr<engine::CpuExecutor> executor_;
  std::vector<Sequence> sequences_;
  std::uint32_t next_page_ = 0;
  std::vector<std::uint32_t> broken_;
};

std::int32_t argmax(std::span<const float> logits) noexcept;

}  // namespace quern::test

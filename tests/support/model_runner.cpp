#include "tests/support/model_runner.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace quern::test {

Result<std::unique_ptr<ModelRunner>> ModelRunner::create(const std::filesystem::path& gguf,
                                                         const RunnerOptions& options) {
  auto runner = std::unique_ptr<ModelRunner>(new ModelRunner());
  runner->options_ = options;
  runner->ledger_ = std::make_unique<ByteLedger>(std::uint64_t{8} << 30);
  QUERN_TRY(runner->topology_, kernels::read_topology({.synthetic = options.synthetic_topology}));
  QUERN_TRY(runner->pool_, kernels::CorePool::create(runner->topology_, {.n_workers = options.n_workers}));
  QUERN_TRY(auto file, engine::gguf::GgufFile::open(gguf.string()));
  QUERN_TRY(runner->model_, engine::Model::load(std::move(file), runner->topology_, *runner->pool_, *options.kernels,
                                                *runner->ledger_, options.weights));
  const kv::KvConfig kv = engine::kv_config_for(runner->model_->params(), options.kv_type, options.page_tokens,
                                                options.n_pages, options.n_state_pages);
  if (runner->model_->info().generates) {
    QUERN_TRY(runner->arena_, kv::PageArena::create(kv, runner->topology_, *runner->ledger_));
  }
  const std::uint32_t learned = runner->model_->params().n_learned_positions;
  const std::uint32_t max_context =
      options.max_context != 0 ? options.max_context : options.n_pages * options.page_tokens;
  const engine::BackendLimits limits{.max_tokens_per_step = options.max_tokens_per_step,
                                     .max_seqs_per_step = options.max_tokens_per_step,
                                     .max_logits_per_step = options.max_tokens_per_step,
                                     .max_context = learned != 0 ? std::min(learned, max_context) : max_context};
  QUERN_TRY(runner->executor_,
            engine::CpuExecutor::create(*runner->model_, runner->arena_.get(), *runner->pool_, *options.kernels, limits,
                                        runner->topology_, *runner->ledger_));
  return runner;
}

std::uint32_t ModelRunner::add_sequence() {
  sequences_.emplace_back();
  const auto seq = static_cast<std::uint32_t>(sequences_.size() - 1);
  if (model_->params().n_state_layers() > 0) {
    QUERN_ASSERT(seq < options_.n_state_pages);
    sequences_.back().state_page = seq;
    arena_->poison_state(seq);  // a sequence must not read what another one left
  }
  return seq;
}

kv::PageId ModelRunner::take_page() {
  QUERN_ASSERT(next_page_ < options_.n_pages);
  const kv::PageId page = next_page_++;
  arena_->poison(page);  // a read of a position that was never written shows as NaN
  return page;
}

std::vector<std::vector<float>> ModelRunner::step(std::span<const Chunk> chunks) {
  engine::StepPlan plan;
  plan.clear();
  plan.pages_max = options_.n_pages;
  for (const Chunk& chunk : chunks) {
    Sequence& seq = sequences_[chunk.seq];
    const std::uint32_t first_row = plan.n_tokens();
    for (const std::int32_t token : chunk.tokens) {
      const std::uint32_t position = seq.length++;
      if (position % options_.page_tokens == 0) seq.pages.push_back(take_page());
      plan.token.push_back(token);
      plan.position.push_back(static_cast<std::int32_t>(position));
      plan.kv_slot.push_back(seq.pages[position / options_.page_tokens] * options_.page_tokens +
                             position % options_.page_tokens);
    }
    for (const std::uint32_t at : chunk.logits_at) plan.logits_tokens.push_back(first_row + at);
    plan.seq_begin.push_back(plan.n_tokens());
    plan.page_table.insert(plan.page_table.end(), seq.pages.begin(), seq.pages.end());
    plan.page_table.resize(plan.cancelled.size() * plan.pages_max + plan.pages_max, kv::kNoPage);
    plan.cancelled.push_back(chunk.cancelled);
    if (seq.state_page != kv::kNoPage) plan.state_page.push_back(seq.state_page);
    if (chunk.decode) ++plan.n_decode_seqs;
  }
  const std::size_t n_vocab = model_->params().n_vocab;
  std::vector<float> logits(plan.n_logits() * n_vocab);
  executor_->forward(plan, logits);
  std::vector<std::vector<float>> rows;
  for (std::size_t i = 0; i < plan.n_logits(); ++i) {
    const auto begin = logits.begin() + static_cast<std::ptrdiff_t>(i * n_vocab);
    rows.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(n_vocab));
  }
  return rows;
}

std::vector<std::vector<float>> ModelRunner::prefill(std::span<const std::int32_t> tokens,
                                                     std::span<const std::uint32_t> positions,
                                                     std::span<const std::uint32_t> chunk_sizes) {
  const std::uint32_t seq = add_sequence();
  std::vector<std::vector<float>> out;
  std::size_t begin = 0, n_chunks = 0;
  while (begin < tokens.size()) {
    const std::size_t wanted = chunk_sizes[std::min(n_chunks++, chunk_sizes.size() - 1)];
    const std::size_t end = std::min(begin + wanted, tokens.size());
    Chunk chunk{.seq = seq,
                .tokens = {tokens.begin() + static_cast<std::ptrdiff_t>(begin),
                           tokens.begin() + static_cast<std::ptrdiff_t>(end)}};
    for (const std::uint32_t p : positions) {
      if (p >= begin && p < end) chunk.logits_at.push_back(p - static_cast<std::uint32_t>(begin));
    }
    for (auto& row : step({&chunk, 1})) out.push_back(std::move(row));
    begin = end;
  }
  return out;
}

std::vector<std::int32_t> ModelRunner::greedy(std::span<const std::int32_t> tokens, std::uint32_t n_new) {
  const std::uint32_t last = static_cast<std::uint32_t>(tokens.size() - 1);
  const std::uint32_t all = static_cast<std::uint32_t>(tokens.size());
  std::vector<float> logits = prefill(tokens, {&last, 1}, {&all, 1}).front();
  const std::uint32_t seq = static_cast<std::uint32_t>(sequences_.size() - 1);
  std::vector<std::int32_t> out;
  while (out.size() < n_new) {
    out.push_back(argmax(logits));
    if (out.size() == n_new) break;
    const Chunk chunk{.seq = seq, .tokens = {out.back()}, .logits_at = {0}, .decode = true};
    logits = step({&chunk, 1}).front();
  }
  return out;
}

std::vector<std::vector<float>> ModelRunner::embed(std::span<const std::vector<std::int32_t>> sequences,
                                                   engine::Pooling pooling) {
  engine::StepPlan plan;
  plan.clear();
  for (const std::vector<std::int32_t>& tokens : sequences) {
    for (const std::int32_t token : tokens) {
      plan.position.push_back(static_cast<std::int32_t>(plan.n_tokens() - plan.seq_begin.back()));
      plan.token.push_back(token);
    }
    plan.seq_begin.push_back(plan.n_tokens());
    plan.cancelled.push_back(nullptr);
  }
  const std::size_t n_rows = pooling == engine::Pooling::none ? plan.n_tokens() : sequences.size();
  const std::size_t width = executor_->embedding_width(pooling);
  std::vector<float> out(n_rows * width);
  const std::span<const std::uint32_t> broken = executor_->embed(plan, pooling, out);
  broken_.assign(broken.begin(), broken.end());
  std::vector<std::vector<float>> rows;
  for (std::size_t i = 0; i < n_rows; ++i) {
    const auto begin = out.begin() + static_cast<std::ptrdiff_t>(i * width);
    rows.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(width));
  }
  return rows;
}

void ModelRunner::reset() noexcept {
  sequences_.clear();
  next_page_ = 0;
}

std::int32_t argmax(std::span<const float> logits) noexcept {
  return static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

}  // namespace quern::test

// A scripted engine::Backend for tests of sched/ and server/. It keeps in every KV slot the token and position written
// there, and makes logits from the tokens that it reads back through the plan's page table; so a wrong slot, page
// table, position or a page shared by mistake changes the output or is reported by problems(). Threads: forward() the
// engine thread; everything else before it starts or after it has ended, unless said.
#pragma once

#include "engine/backend.hpp"
#include "engine/tokenizer/tokenizer.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace quern::test {

// 64 bits that depend on every token and on their order (FNV-1a).
inline std::uint64_t hash_tokens(std::span<const engine::TokenId> tokens) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const engine::TokenId token : tokens) {
    hash = (hash ^ static_cast<std::uint64_t>(token)) * 0x100000001b3u;
    hash ^= hash >> 29;
  }
  return hash;
}

// The default script: what comes next after these tokens.
inline engine::TokenId hashed_token(std::span<const engine::TokenId> tokens, std::uint32_t n_vocab) {
  return static_cast<engine::TokenId>(hash_tokens(tokens) % n_vocab);
}

struct FakeBackendConfig {
  std::uint32_t n_vocab = 97;
  std::uint32_t page_tokens = 8;
  std::uint32_t n_pages = 64;
  bool two_arithmetics = false;  // tokens computed as decodes and as parts of prompts give different logits
  engine::BackendLimits limits{
      .max_tokens_per_step = 64, .max_seqs_per_step = 16, .max_logits_per_step = 16, .max_context = 256};
};

class FakeBackend final : public engine::Backend {
 public:
  explicit FakeBackend(const FakeBackendConfig& config = {})
      : page_tokens_(config.page_tokens),
        two_arithmetics_(config.two_arithmetics),
        limits_(config.limits),
        slots_(std::size_t{config.n_pages} * config.page_tokens) {
    info_.name = "fake";
    info_.architecture = "fake";
    info_.n_vocab = config.n_vocab;
    info_.n_context_train = config.limits.max_context;
  }

  // Called first and last in every forward(): may block, cancel, count.
  std::function<void(const engine::StepPlan&)> on_forward;
  std::function<void()> after_forward;
  // The next token after `tokens` (all of the sequence so far); gets a logit of 10, the others 0.
  std::function<engine::TokenId(std::span<const engine::TokenId> tokens)> next_token;
  // Replaces next_token where a test wants whole rows. [n_vocab], zero before the call.
  std::function<void(std::span<const engine::TokenId> tokens, std::span<float> logits)> fill_logits;

  void copy_page(kv::PageId from, kv::PageId to) {
    std::copy_n(slots_.begin() + from * page_tokens_, page_tokens_, slots_.begin() + to * page_tokens_);
  }

  const engine::ModelInfo& info() const noexcept override { return info_; }
  const engine::BackendLimits& limits() const noexcept override { return limits_; }
  const std::vector<std::string>& problems() const noexcept { return problems_; }
  std::uint64_t n_steps() const noexcept { return n_steps_.load(std::memory_order_acquire); }  // any thread
  std::uint32_t max_step_tokens() const noexcept { return max_step_tokens_; }

  void forward(const engine::StepPlan& plan, std::span<float> logits) noexcept override {
    if (on_forward) on_forward(plan);
    n_steps_.fetch_add(1, std::memory_order_release);
    max_step_tokens_ = std::max(max_step_tokens_, plan.n_tokens());
    if (check_shape(plan, logits)) run(plan, logits);
    if (after_forward) after_forward();
  }

 private:
  struct Slot {
    engine::TokenId token = engine::kNoToken;
    std::int32_t position = -1;
    bool decoded = false;
  };

  void run(const engine::StepPlan& plan, std::span<float> logits) {
    written_.clear();
    for (std::uint32_t s = 0; s < plan.n_seqs(); ++s) write_tokens(plan, s);
    std::size_t row = 0;
    for (std::uint32_t s = 0; s < plan.n_seqs(); ++s) {
      for (; row < plan.n_logits() && plan.logits_tokens[row] < plan.seq_begin[s + 1]; ++row) {
        make_logits(plan, s, plan.logits_tokens[row], logits.subspan(row * info_.n_vocab, info_.n_vocab));
      }
    }
  }

  void problem(std::string text) {
    if (problems_.size() < 20) problems_.push_back(std::move(text));
  }

  bool check_shape(const engine::StepPlan& plan, std::span<const float> logits) {
    const std::size_t before = problems_.size();
    const auto at_most = [this](const char* what, std::size_t found, std::size_t limit) {
      if (found > limit) problem(fmt::format("{} {}, limit {}", found, what, limit));
    };
    at_most("tokens", plan.n_tokens(), limits_.max_tokens_per_step);
    at_most("sequences", plan.n_seqs(), limits_.max_seqs_per_step);
    at_most("logits", plan.n_logits(), limits_.max_logits_per_step);
    at_most("decodes", plan.n_decode_seqs, plan.n_seqs());
    if (plan.n_tokens() == 0) problem("an empty plan");
    if (plan.position.size() != plan.n_tokens() || plan.kv_slot.size() != plan.n_tokens() ||
        plan.seq_begin.size() != plan.n_seqs() + 1u || plan.seq_begin.back() != plan.n_tokens() ||
        plan.page_table.size() != std::size_t{plan.n_seqs()} * plan.pages_max ||
        logits.size() != std::size_t{plan.n_logits()} * info_.n_vocab) {
      problem("arrays of the plan disagree");
    }
    return problems_.size() == before;
  }

  // Where the page table says that a position of sequence s is; SIZE_MAX: nowhere.
  std::size_t slot_of(const engine::StepPlan& plan, std::uint32_t s, std::uint32_t position) const {
    if (position / page_tokens_ >= plan.pages_max) return SIZE_MAX;
    const kv::PageId page = plan.page_table[std::size_t{s} * plan.pages_max + position / page_tokens_];
    const std::size_t slot = std::size_t{page} * page_tokens_ + position % page_tokens_;
    return page == kv::kNoPage || slot >= slots_.size() ? SIZE_MAX : slot;
  }

  void write_tokens(const engine::StepPlan& plan, std::uint32_t s) {
    const bool decodes = s < plan.n_decode_seqs;
    for (std::uint32_t i = plan.seq_begin[s]; i < plan.seq_begin[s + 1]; ++i) {
      if (i > plan.seq_begin[s] && plan.position[i] != plan.position[i - 1] + 1) problem("positions not consecutive");
      const std::size_t slot = slot_of(plan, s, static_cast<std::uint32_t>(plan.position[i]));
      if (slot != plan.kv_slot[i]) {
        problem(
            fmt::format("slot {} for position {}, the page table says {}", plan.kv_slot[i], plan.position[i], slot));
        continue;
      }
      if (!written_.insert(slot).second) problem(fmt::format("slot {} written twice in a step", slot));
      slots_[slot] = {plan.token[i], plan.position[i], decodes};
    }
  }

  void make_logits(const engine::StepPlan& plan, std::uint32_t s, std::uint32_t token_index, std::span<float> logits) {
    history_.clear();
    for (std::int32_t position = 0; position <= plan.position[token_index]; ++position) {
      const std::size_t slot = slot_of(plan, s, static_cast<std::uint32_t>(position));
      if (slot == SIZE_MAX || slots_[slot].position != position) {
        problem(fmt::format("position {} of sequence {} was overwritten or never written", position, s));
        return;
      }
      const engine::TokenId token = slots_[slot].token;
      history_.push_back(two_arithmetics_ && slots_[slot].decoded ? token + 1000 : token);
    }
    std::fill(logits.begin(), logits.end(), 0.0f);
    if (fill_logits) return fill_logits(history_, logits);
    const engine::TokenId next = next_token ? next_token(history_) : hashed_token(history_, info_.n_vocab);
    logits[static_cast<std::size_t>(next)] = 10.0f;
  }

  engine::ModelInfo info_;
  const std::uint32_t page_tokens_;
  const bool two_arithmetics_;
  const engine::BackendLimits limits_;
  std::vector<Slot> slots_;  // [n_pages * page_tokens]
  std::vector<engine::TokenId> history_;
  std::set<std::size_t> written_;
  std::vector<std::string> problems_;
  std::atomic<std::uint64_t> n_steps_{0};
  std::uint32_t max_step_tokens_ = 0;
};

}  // namespace quern::test

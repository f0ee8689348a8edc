#include "engine/sampling/sampler.hpp"

#include "base/assert.hpp"
#include "engine/sampling/adaptive_p.hpp"
#include "engine/sampling/breaker_finder.hpp"
#include "engine/sampling/chain.hpp"
#include "engine/sampling/draw.hpp"
#include "engine/sampling/mirostat.hpp"

#include <algorithm>
#include <bit>
#include <random>
#include <utility>
#include <vector>

namespace quern::engine::sampling {
namespace {

std::uint64_t fresh_seed() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

bool listed(const SamplingParams& params, Stage stage) noexcept {
  return std::find(params.order.begin(), params.order.end(), stage) != params.order.end();
}

bool runs(const SamplingParams& params, const StageRow& row) noexcept {
  return row.active(params) && !(row.chooses && params.mirostat != 0);
}

bool uses(const SamplingParams& params, Stage stage) noexcept {
  return listed(params, stage) && runs(params, stage_row(stage));
}

// The stages that do something, in order. Greedy decoding needs none of those at the end that keep the best token.
std::vector<const StageRow*> active_stages(const SamplingParams& params) {
  std::vector<const StageRow*> rows;
  for (const Stage stage : params.order)
    if (runs(params, stage_row(stage))) rows.push_back(&stage_row(stage));
  if (params.temperature <= 0.0f)
    while (!rows.empty() && rows.back()->keeps_best) rows.pop_back();
  return rows;
}

// Candidates are needed only inside sample(), so all samplers of a thread share one set: it stays in the cache, and 64
// sequences of a 256k vocabulary do not hold 64 copies of it.
Candidates& workspace() {
  thread_local Candidates candidates;
  return candidates;
}

void add_top(Drawn& drawn, TopTokens top) {
  drawn.top = std::make_shared<const TopTokens>(std::move(top));
}

// By the model's own logits.
void add_logprobs(Drawn& drawn, std::span<const float> logits, const LogprobWish& wish) {
  const double log_total = log_sum_exp(logits);
  const float logit = sane_logit(logits[static_cast<std::size_t>(drawn.token)]);
  drawn.logprob = logit == kNoLogit ? kNoLogit : static_cast<float>(static_cast<double>(logit) - log_total);
  if (wish.n_top > 0) add_top(drawn, top_of(logits, wish.n_top, log_total, workspace().scratch().ranked));
}

// Among what the stages have left. certain: nothing else could have been drawn.
void add_logprobs_after(Drawn& drawn, bool certain, const LogprobWish& wish) {
  if (certain) {
    drawn.logprob = 0.0f;
    if (wish.n_top > 0) add_top(drawn, {{drawn.token, 0.0f}});
    return;
  }
  drawn.logprob = logprob_among(workspace(), drawn.token);
  if (wish.n_top > 0) add_top(drawn, top_of(workspace(), wish.n_top));
}

// Of those that the mask allows, none is likely at all.
TokenId first_of(const grammar::TokenMask& mask) {
  for (std::size_t i = 0; i < mask.bits.size(); ++i) {
    if (mask.bits[i] != 0)
      return static_cast<TokenId>(i * 64 + static_cast<std::size_t>(std::countr_zero(mask.bits[i])));
  }
  return 0;
}

TokenId draw_from(Candidates& candidates, Sequence& sequence, std::uint32_t n_vocab) {
  if (sequence.params.mirostat != 0) return draw_mirostat(candidates, sequence, n_vocab);
  if (sequence.params.adaptive_target >= 0.0f) return draw_adaptive(candidates, sequence);
  return draw(candidates, sequence.rng);
}

}  // namespace

struct Sampler::State {
  State(const SamplingParams& params, std::uint32_t vocab, std::shared_ptr<const BreakerTable> breakers)
      : seed(params.has_seed ? params.seed : fresh_seed()),
        n_vocab(vocab),
        greedy(params.temperature <= 0.0f),
        keeps_history(uses(params, Stage::penalties) || uses(params, Stage::dry)),
        stages(active_stages(params)),
        sequence(params, seed, std::move(breakers)) {
    QUERN_ASSERT(n_vocab > 0);
  }

  std::uint64_t seed;
  std::uint32_t n_vocab;
  bool greedy;
  bool keeps_history;
  std::vector<const StageRow*> stages;
  Sequence sequence;
};

Sampler::Sampler(const SamplingParams& params, std::uint32_t n_vocab, const Tokenizer* tokenizer) {
  std::shared_ptr<const BreakerTable> breakers;
  if (tokenizer != nullptr && uses(params, Stage::dry))
    breakers = BreakerFinder(*tokenizer).find(params.dry_sequence_breakers);
  state_ = std::make_unique<State>(params, n_vocab, std::move(breakers));
}

Sampler::Sampler(const SamplingParams& params, std::uint32_t n_vocab, const BreakerFinder& finder) {
  std::shared_ptr<const BreakerTable> breakers;
  if (uses(params, Stage::dry)) breakers = finder.find(params.dry_sequence_breakers);
  state_ = std::make_unique<State>(params, n_vocab, std::move(breakers));
}

Sampler::~Sampler() = default;
Sampler::Sampler(Sampler&&) noexcept = default;
Sampler& Sampler::operator=(Sampler&&) noexcept = default;

void Sampler::accept_prompt(std::span<const TokenId> tokens) {
  const auto n_vocab = static_cast<TokenId>(state_->n_vocab);
  QUERN_ASSERT(std::ranges::all_of(tokens, [n_vocab](TokenId token) { return token >= 0 && token < n_vocab; }));
  if (state_->keeps_history) state_->sequence.history.accept_prompt(tokens);
}

void Sampler::accept(TokenId token) {
  QUERN_ASSERT(token >= 0 && static_cast<std::uint32_t>(token) < state_->n_vocab);
  if (state_->keeps_history) state_->sequence.history.accept(token);
}

Drawn Sampler::sample(std::span<const float> logits, const LogprobWish& wish, const grammar::TokenMask* mask) {
  State& s = *state_;
  QUERN_ASSERT(logits.size() == s.n_vocab);
  TokenId token = kNoToken;
  bool certain = s.greedy;
  if (s.greedy && s.stages.empty() && mask == nullptr) {
    token = static_cast<TokenId>(argmax(logits));
  } else {
    Candidates& candidates = workspace();
    if (mask != nullptr) {
      candidates.assign(logits, *mask);
    } else {
      candidates.assign(logits);
    }
    for (const StageRow* row : s.stages) row->apply(candidates, s.sequence);
    token = s.greedy ? pick_best(candidates) : draw_from(candidates, s.sequence, s.n_vocab);
    // Everything banned, or no finite logit at all: still a token of the vocabulary, and always the same one.
    if (token == kNoToken) {
      token = mask != nullptr ? first_of(*mask) : static_cast<TokenId>(argmax(logits));
      certain = true;
    }
  }
  Drawn drawn{.token = token};
  if (wish.wanted && wish.after_stages) {
    add_logprobs_after(drawn, certain, wish);
  } else if (wish.wanted) {
    add_logprobs(drawn, logits, wish);
  }
  return drawn;
}

std::uint64_t Sampler::seed() const noexcept {
  return state_->seed;
}

}  // namespace quern::engine::sampling

#include "engine/text_embedder.hpp"

#include "base/assert.hpp"
#include "engine/forward.hpp"
#include "engine/sampling/row_check.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace quern::engine {

namespace {

constexpr std::uint32_t kPageTokens = 32;

void softmax(float* x, std::size_t n) noexcept {
  const float top = *std::max_element(x, x + n);
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += std::exp(static_cast<double>(x[i] - top));
  for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<float>(std::exp(static_cast<double>(x[i] - top)) / sum);
}

}  // namespace

Result<std::unique_ptr<TextEmbedder>> TextEmbedder::create(const Model& model, const BackendLimits& limits,
                                                           const kernels::Topology& topology, ByteLedger& ledger) {
  const HyperParams& p = model.params();
  // Each sequence begins a page of its own.
  const std::uint32_t n_pages = limits.max_tokens_per_step / kPageTokens + limits.max_seqs_per_step;
  kv::KvConfig config = kv_config_for(p, kernels::KvType::f32, kPageTokens, n_pages, limits.max_seqs_per_step);
  // Each layer writes over the one before, unless a later one reads it.
  const bool shared = std::any_of(p.layers.begin(), p.layers.end(), [](const auto& layer) { return layer.shares_kv; });
  if (!shared) config.n_layers = 1;
  config.n_state_layers = std::min(config.n_state_layers, 1u);
  QUERN_TRY(auto scratch, kv::PageArena::create(config, topology, ledger));
  return std::unique_ptr<TextEmbedder>(new TextEmbedder(model, limits, std::move(scratch)));
}

TextEmbedder::TextEmbedder(const Model& model, const BackendLimits& limits, std::unique_ptr<kv::PageArena> scratch)
    : model_(model), max_context_(limits.max_context), scratch_(std::move(scratch)) {
  const std::size_t rows = limits.max_tokens_per_step, seqs = limits.max_seqs_per_step;
  plan_.token.reserve(rows);
  plan_.position.reserve(rows);
  plan_.kv_slot.reserve(rows);
  plan_.seq_begin.reserve(seqs + 1);
  plan_.page_table.reserve(seqs * kv::pages_for(rows, kPageTokens));
  plan_.state_page.reserve(seqs);
  plan_.logits_tokens.reserve(rows);
  plan_.cancelled.reserve(seqs);
  owner_.reserve(rows);
  broken_.reserve(seqs);
  labels_.resize(seqs * width(Pooling::rank));
  chosen_.resize(seqs * model.params().d_model);
}

std::uint32_t TextEmbedder::width(Pooling pooling) const noexcept {
  if (pooling != Pooling::rank) return model_.params().d_model;
  return model_.info().n_labels > 0 ? model_.info().n_labels : model_.params().d_model;
}

std::span<const std::uint32_t> TextEmbedder::embed(ForwardPass& pass, const StepPlan& plan, Pooling pooling,
                                                   std::span<float> out) noexcept {
  broken_.clear();
  if (plan.n_tokens() == 0) return broken_;
  compute(pass, plan, pooling, out);
  const std::size_t n_values = width(pooling);
  for (std::uint32_t s = 0; s < plan.n_seqs(); ++s) {
    if (plan.cancelled[s] != nullptr && plan.cancelled[s]->load(std::memory_order_acquire)) continue;
    const std::size_t first = pooling == Pooling::none ? plan.seq_begin[s] : s;
    const std::size_t end = pooling == Pooling::none ? plan.seq_begin[s + 1] : s + 1u;
    if (!sampling::all_finite(out.subspan(first * n_values, (end - first) * n_values))) broken_.push_back(s);
  }
  return broken_;
}

void TextEmbedder::compute(ForwardPass& pass, const StepPlan& plan, Pooling pooling, std::span<float> out) noexcept {
  place(plan);
  choose_rows(plan, pooling);
  const std::span<const float> hidden =
      pass.hidden(plan_, {.arena = scratch_.get(), .one_layer = scratch_->config().n_layers == 1});
  const std::span<const std::uint32_t> slots = pass.kept_slots();
  if (pooling != Pooling::rank) {
    const std::uint32_t n_vectors = pooling == Pooling::none ? plan.n_tokens() : plan.n_seqs();
    const bool project = static_cast<bool>(model_.weights().dense_2);
    // Rows of cancelled sequences are computed too: let them be numbers.
    if (project) std::fill_n(out.data(), std::size_t{n_vectors} * model_.params().d_model, 0.0f);
    pool(hidden, slots, pooling, out.data());
    if (project) pass.project_pooled(out.data(), n_vectors);
    return;
  }

  const std::size_t n_labels = width(pooling);
  std::copy(hidden.begin(), hidden.end(), chosen_.begin());
  pass.classify(chosen_.data(), static_cast<std::uint32_t>(slots.size()), labels_.data());
  for (std::size_t i = 0; i < slots.size(); ++i) {
    float* labels = labels_.data() + i * n_labels;
    if (model_.arch().rank.softmax) softmax(labels, n_labels);
    std::copy_n(labels, n_labels, out.data() + owner_[slots[i]] * n_labels);
  }
}

// The caller's plan with positions from 0, and pages of the private cache one after the other.
void TextEmbedder::place(const StepPlan& plan) noexcept {
  plan_.clear();
  plan_.pages_max = 0;
  plan_.n_decode_seqs = 0;
  plan_.seq_begin.assign(plan.seq_begin.begin(), plan.seq_begin.end());
  plan_.token.assign(plan.token.begin(), plan.token.end());
  plan_.cancelled.assign(plan.cancelled.begin(), plan.cancelled.end());
  for (std::uint32_t s = 0; s < plan.n_seqs(); ++s) {
    plan_.pages_max = std::max(plan_.pages_max, kv::pages_for(plan.seq_begin[s + 1] - plan.seq_begin[s], kPageTokens));
  }
  kv::PageId next_page = 0;
  for (std::uint32_t s = 0; s < plan.n_seqs(); ++s) {
    const std::uint32_t length = plan.seq_begin[s + 1] - plan.seq_begin[s];
    QUERN_ASSERT(length <= max_context_);  // learned positions end there
    const std::uint32_t n_pages = kv::pages_for(length, kPageTokens);
    for (std::uint32_t i = 0; i < length; ++i) {
      plan_.position.push_back(static_cast<std::int32_t>(i));
      plan_.kv_slot.push_back(next_page * kPageTokens + i);
    }
    for (std::uint32_t i = 0; i < plan_.pages_max; ++i) {
      plan_.page_table.push_back(i < n_pages ? next_page + i : kv::kNoPage);
    }
    next_page += n_pages;
    plan_.state_page.push_back(s);
  }
}

// The rows that pooling reads; the last feed-forward block leaves the others out.
void TextEmbedder::choose_rows(const StepPlan& plan, Pooling pooling) noexcept {
  owner_.clear();
  const auto choose = [&](std::uint32_t token, std::uint32_t seq) {
    plan_.logits_tokens.push_back(token);
    owner_.push_back(seq);
  };
  const bool last = pooling == Pooling::last || (pooling == Pooling::rank && model_.arch().rank.row == PoolRow::last);
  for (std::uint32_t s = 0; s < plan.n_seqs(); ++s) {
    const std::uint32_t begin = plan.seq_begin[s], end = plan.seq_begin[s + 1];
    if (pooling == Pooling::none || pooling == Pooling::mean) {
      for (std::uint32_t token = begin; token < end; ++token) choose(token, s);
    } else {
      choose(last ? end - 1 : begin, s);
    }
  }
}

void TextEmbedder::pool(std::span<const float> hidden, std::span<const std::uint32_t> slots, Pooling pooling,
                        float* out) const noexcept {
  const std::size_t d_model = model_.params().d_model;
  for (std::size_t i = 0; i < slots.size();) {
    const float* row = hidden.data() + i * d_model;
    if (pooling != Pooling::mean) {
      const std::size_t to = pooling == Pooling::none ? slots[i] : owner_[slots[i]];
      std::memcpy(out + to * d_model, row, d_model * sizeof(float));
      ++i;
      continue;
    }
    std::size_t n = 1;  // rows of one sequence follow each other
    while (i + n < slots.size() && owner_[slots[i + n]] == owner_[slots[i]]) ++n;
    float* mean = out + owner_[slots[i]] * d_model;
    for (std::size_t j = 0; j < d_model; ++j) {
      double sum = 0;
      for (std::size_t k = 0; k < n; ++k) sum += row[k * d_model + j];
      mean[j] = static_cast<float>(sum / static_cast<double>(n));
    }
    i += n;
  }
}

}  // namespace quern::engine

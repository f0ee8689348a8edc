// The keys of a mixture of experts.
#include "engine/arch/read_params.hpp"

#include <algorithm>

namespace quern::engine {

namespace {

Status read_shared_width(const KeyReader& keys, MixtureRule::Shared rule, HyperParams& p) {
  using enum MixtureRule::Shared;
  MoeParams& moe = p.moe;
  const bool has_length = rule != none && rule != count;
  const std::uint32_t fallback = rule == length_or_dense ? p.d_ff : rule == length ? 0 : moe.d_ff;
  std::uint32_t length_found = fallback, n_shared = 1;
  if (has_length) {
    QUERN_TRY(length_found, keys.count_or("expert_shared_feed_forward_length", 0, kMaxWidth, fallback));
    if (length_found == 0) length_found = fallback;
  }
  if (rule == count || rule == length_times_count) {
    QUERN_TRY(n_shared, keys.count_or("expert_shared_count", 0, kMaxExperts, 0));
    if (std::uint64_t{n_shared} * length_found > kMaxWidth)
      return fail(Errc::corrupt, "{}: {} experts of {} are too wide", keys.name("expert_shared_count"), n_shared,
                  length_found);
  }
  moe.d_ff_shared = rule == none ? 0 : n_shared * length_found;
  return {};
}

Status read_groups(const KeyReader& keys, MoeParams& moe) {
  QUERN_TRY(moe.n_groups, keys.count_or("expert_group_count", 0, moe.n_experts, 1));
  moe.n_groups = std::max(moe.n_groups, 1u);
  QUERN_TRY(moe.n_groups_used, keys.count_or("expert_group_used_count", 0, moe.n_groups, moe.n_groups));
  if (moe.n_groups_used == 0) moe.n_groups_used = moe.n_groups;
  if (moe.n_experts % moe.n_groups != 0)
    return fail(Errc::corrupt, "{}: want a divisor of {}, found {}", keys.name("expert_group_count"), moe.n_experts,
                moe.n_groups);
  if (moe.n_used > moe.n_experts / moe.n_groups * moe.n_groups_used)
    return fail(Errc::corrupt, "{}: {} groups have fewer than {} experts", keys.name("expert_group_used_count"),
                moe.n_groups_used, moe.n_used);
  return {};
}

Status read_weights(const KeyReader& keys, const MixtureRule& rule, MoeParams& moe) {
  moe.gating = rule.gating;
  if (rule.gating_key) {
    QUERN_TRY(const std::uint32_t gating, keys.count_or("expert_gating_func", 0, 4, 0));
    if (gating != 0) moe.gating = static_cast<Gating>(gating);
  }
  moe.normalize = rule.normalize;
  if (rule.normalize_key) {
    QUERN_TRY(moe.normalize, keys.flag_or("expert_weights_norm", rule.normalize));
  }
  QUERN_TRY(moe.scale, keys.number_or("expert_weights_scale", 0, kMaxFloatKey, 1.0));
  if (moe.scale == 0.0f) moe.scale = 1.0f;  // says that there is none
  return {};
}

}  // namespace

Status read_mixture(const KeyReader& keys, const MixtureRule& rule, HyperParams& p) {
  MoeParams& moe = p.moe;
  if (rule.use == MixtureRule::Use::required) QUERN_CHECK(keys.count("expert_count", 1, kMaxExperts));
  QUERN_TRY(moe.n_experts, keys.count_or("expert_count", 0, kMaxExperts, 0));
  QUERN_TRY(moe.n_used, keys.count_or("expert_used_count", 0, kMaxExperts, 0));
  if (moe.n_experts == 0) return {};
  if (moe.n_used == 0 || moe.n_used > moe.n_experts) {
    return fail(Errc::corrupt, "{}: want 1 to {}, found {}", keys.name("expert_used_count"), moe.n_experts, moe.n_used);
  }
  std::uint32_t d_ff = p.d_ff;
  if (rule.width == MixtureRule::Width::dense_share) d_ff /= moe.n_used;
  if (rule.width == MixtureRule::Width::own) {
    QUERN_TRY(d_ff, keys.count("expert_feed_forward_length", 1, kMaxWidth));
  }
  QUERN_TRY(moe.d_ff, keys.count_or("expert_feed_forward_length", 0, kMaxWidth, d_ff));
  if (moe.d_ff == 0) moe.d_ff = d_ff;
  if (moe.d_ff == 0)
    return fail(Errc::corrupt, "{}: want 1 to {}, found none", keys.name("expert_feed_forward_length"), kMaxWidth);
  QUERN_CHECK(read_shared_width(keys, rule.shared, p));
  QUERN_CHECK(read_weights(keys, rule, moe));
  if (rule.groups) QUERN_CHECK(read_groups(keys, moe));
  std::uint32_t n_dense = 0;
  if (rule.dense_first) {
    QUERN_TRY(n_dense, keys.count_or("leading_dense_block_count", 0, kMaxLayers, 0));
  }
  for (std::uint32_t i = 0; i < p.n_layers(); ++i) p.layers[i].use_experts(i >= n_dense);
  return {};
}

}  // namespace quern::engine

// The keys of state space layers.
#include "engine/arch/read_params.hpp"

#include <algorithm>

namespace quern::engine {

namespace {

// PLaMo 2 fixes the width of its time steps.
constexpr std::uint32_t kPlamoRankMin = 64, kPlamoRankShare = 16;

Status read_ssm_heads(const KeyReader& keys, bool one_group, SsmParams& ssm) {
  QUERN_TRY(ssm.n_heads, keys.count("ssm.time_step_rank", 1, kMaxWidth));
  if (ssm.d_inner % ssm.n_heads != 0)
    return fail(Errc::corrupt, "{}: want a divisor of the {} channels, found {}", keys.name("ssm.time_step_rank"),
                ssm.d_inner, ssm.n_heads);
  QUERN_TRY(ssm.n_groups, keys.count_or("ssm.group_count", one_group ? 0 : 1, one_group ? 1 : kMaxHeads, 1));
  ssm.n_groups = std::max(ssm.n_groups, 1u);
  if (ssm.n_heads % ssm.n_groups != 0)
    return fail(Errc::corrupt, "{}: want a divisor of the {} heads, found {}", keys.name("ssm.group_count"),
                ssm.n_heads, ssm.n_groups);
  return {};
}

}  // namespace

Status read_ssm(const KeyReader& keys, SsmKind kind, HyperParams& p) {
  SsmParams& ssm = p.ssm;
  QUERN_TRY(p.conv_kernel, keys.count("ssm.conv_kernel", 2, kMaxConvKernel));
  QUERN_TRY(ssm.d_inner, keys.count("ssm.inner_size", 1, kMaxWidth));
  QUERN_TRY(ssm.d_state, keys.count("ssm.state_size", 1, kMaxState));
  if (kind == SsmKind::mamba1) {
    QUERN_TRY(ssm.dt_rank, keys.count("ssm.time_step_rank", 1, kMaxWidth));
    QUERN_CHECK(keys.count_or("ssm.group_count", 0, 1, 0));
    return {};
  }
  QUERN_CHECK(read_ssm_heads(keys, kind == SsmKind::plamo, ssm));
  if (kind == SsmKind::plamo) {
    ssm.dt_rank = std::max(kPlamoRankMin, p.d_model / kPlamoRankShare);
    ssm.gates_first = true;
  }
  if (std::uint64_t{ssm.n_groups} * ssm.d_state > kMaxWidth)
    return fail(Errc::corrupt, "{}: {} groups of {} are more than {} values", keys.name("ssm.group_count"),
                ssm.n_groups, ssm.d_state, kMaxWidth);
  return {};
}

void mix_where_no_kv(Mixer mixer, HyperParams& p) noexcept {
  for (LayerParams& layer : p.layers) {
    if (layer.n_kv_heads == 0) layer.mixer = mixer;
  }
}

}  // namespace quern::engine

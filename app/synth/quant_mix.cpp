#include "app/synth/quant_mix.hpp"

#include "app/synth/block_filler.hpp"

namespace quern::app {
namespace {

using kernels::TensorType;

// The first eighth, the last eighth, and every third layer in between.
bool has_more_bits(const WeightPlace& place) noexcept {
  const std::uint32_t eighth = place.n_layers / 8;
  return place.layer < eighth || place.layer >= 7 * place.n_layers / 8 || (place.layer - eighth) % 3 == 2;
}

TensorType q4_k_m(const WeightPlace& place) noexcept {
  switch (place.role) {
    case WeightRole::output:
      return TensorType::q6_k;
    case WeightRole::attn_v:
    case WeightRole::ffn_down:
      return has_more_bits(place) ? TensorType::q6_k : TensorType::q4_k;
    default:
      return TensorType::q4_k;
  }
}

TensorType q5_k_m(const WeightPlace& place) noexcept {
  const TensorType type = q4_k_m(place);
  return type == TensorType::q4_k ? TensorType::q5_k : type;
}

TensorType q3_k_m(const WeightPlace& place) noexcept {
  switch (place.role) {
    case WeightRole::output:
      return TensorType::q6_k;
    case WeightRole::attn_v:
      return place.layer < 2 ? TensorType::q5_k : TensorType::q4_k;
    case WeightRole::ffn_down:
      return place.layer < place.n_layers / 16 ? TensorType::q5_k : TensorType::q4_k;
    case WeightRole::attn_output:
      return TensorType::q4_k;
    default:
      return TensorType::q3_k;
  }
}

struct Mix {
  std::string_view name;
  std::int32_t file_type;
  TensorType (*choose)(const WeightPlace&) noexcept;
};
constexpr Mix kMixes[] = {
    {"q4_k_m", 15, &q4_k_m},
    {"q5_k_m", 17, &q5_k_m},
    {"q3_k_m", 12, &q3_k_m},
};

// For rows that do not divide into blocks of `type`: about the same bits in smaller blocks.
TensorType with_smaller_blocks(TensorType type) noexcept {
  switch (type) {
    case TensorType::q4_k:
      return TensorType::q5_0;
    case TensorType::q5_k:
      return TensorType::q5_1;
    case TensorType::q6_k:
      return TensorType::q8_0;
    case TensorType::tq1_0:
    case TensorType::tq2_0:
    case TensorType::nvfp4:
    case TensorType::q1_0:
    case TensorType::q2_0:
      return TensorType::q4_0;
    default:
      return kernels::format_of(type).block_values > 32 ? TensorType::iq4_nl : TensorType::f16;
  }
}

bool can_decode(TensorType type) noexcept {
  return kernels::format_of(type).dequantize != nullptr;
}

}  // namespace

Result<QuantMix> QuantMix::find(std::string_view name) {
  QuantMix mix;
  for (const Mix& row : kMixes) {
    if (row.name != name) continue;
    mix.choose_ = row.choose;
    mix.file_type_ = row.file_type;
    return mix;
  }
  const kernels::QuantFormat* format = kernels::find_format(name);
  const BlockFiller* filler = format != nullptr ? find_filler(format->type) : nullptr;
  if (filler == nullptr) {
    return fail_field("quant", "want one of {}, found \"{}\"", fmt::join(names(), ", "), name);
  }
  if (!can_decode(format->type)) return fail(Errc::unsupported, "quant: this build has no decoder for {}", name);
  mix.type_ = format->type;
  mix.file_type_ = filler->file_type;
  return mix;
}

std::vector<std::string> QuantMix::names() {
  std::vector<std::string> out;
  for (const Mix& mix : kMixes) out.emplace_back(mix.name);
  for (const BlockFiller& filler : block_fillers()) {
    if (can_decode(filler.type)) out.emplace_back(kernels::format_of(filler.type).name);
  }
  return out;
}

TensorType QuantMix::type_of(const WeightPlace& place) const noexcept {
  TensorType type = choose_ != nullptr ? choose_(place) : type_;
  while (place.n_cols % kernels::format_of(type).block_values != 0) type = with_smaller_blocks(type);
  return type;
}

}  // namespace quern::app

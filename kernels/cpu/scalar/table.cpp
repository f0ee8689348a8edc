#include "kernels/cpu/scalar/kernels.hpp"
#include "kernels/cpu/tables.hpp"

namespace quern::kernels {
namespace {

KernelTable build() noexcept {
  KernelTable table{};
  table.isa = "scalar";
  scalar::fill_matmul(table);
  scalar::fill_attention(table);
  scalar::fill_store_kv(table);
  table.rms_norm = &scalar::rms_norm;
  table.rope_interleaved = &scalar::rope_interleaved;
  table.rope_split = &scalar::rope_split;
  table.silu_mul = &scalar::silu_mul;
  table.layer_norm = &scalar::layer_norm;
  table.silu = &scalar::silu;
  table.gelu = &scalar::gelu;
  table.gelu_mul = &scalar::gelu_mul;
  table.clamped_swiglu = &scalar::clamped_swiglu;
  table.sigmoid_mul = &scalar::sigmoid_mul;
  table.softcap = &scalar::softcap;
  table.mul = &scalar::mul;
  table.multiply_add = &scalar::multiply_add;
  table.delta_rule = &scalar::delta_rule;
  table.ssm_scan = &scalar::ssm_scan;
  table.add = &scalar::add;
  table.add_scaled = &scalar::add_scaled;
  return table;
}

}  // namespace

const KernelTable& scalar_table() noexcept {
  static const KernelTable table = build();
  return table;
}

}  // namespace quern::kernels

#include "kernels/cpu/avx2/kernels.hpp"
#include "kernels/cpu/features.hpp"
#include "kernels/cpu/tables.hpp"

namespace quern::kernels {
namespace {

KernelTable build() noexcept {
  KernelTable table = scalar_table();
  table.isa = "avx2";
  avx2::fill_matmul(table);
  if (cpu_features().avx_vnni) avx2::fill_vnni(table);
  avx2::fill_attention(table);
  avx2::fill_elementwise(table);
  return table;
}

}  // namespace

const KernelTable& avx2_table() noexcept {
  static const KernelTable table = build();
  return table;
}

}  // namespace quern::kernels

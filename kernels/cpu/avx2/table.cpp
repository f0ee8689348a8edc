#include "kernels/cpu/avx2/kernels.hpp"
#include "kernels/cpu/avx2/plain_table.hpp"
#include "kernels/cpu/features.hpp"
#include "kernels/cpu/tables.hpp"

namespace quern::kernels {
namespace {

KernelTable build(const char* isa, bool avx_vnni) noexcept {
  KernelTable table = scalar_table();
  table.isa = isa;
  avx2::fill_matmul(table);
  avx2::fill_packed(table);
  if (avx_vnni) {
    avx2::fill_vnni(table);
    avx2::fill_packed_vnni(table);
  }
  avx2::fill_attention(table);
  avx2::fill_elementwise(table);
  return table;
}

}  // namespace

const KernelTable& avx2_table() noexcept {
  static const KernelTable table = build("avx2", cpu_features().avx_vnni);
  return table;
}

const KernelTable& avx2_plain_table() noexcept {
  static const KernelTable table = build("avx2-plain", false);
  return table;
}

}  // namespace quern::kernels

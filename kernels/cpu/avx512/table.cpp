#include "kernels/cpu/avx512/emulated_table.hpp"
#include "kernels/cpu/avx512/kernels.hpp"
#include "kernels/cpu/features.hpp"
#include "kernels/cpu/tables.hpp"

#include <algorithm>
#include <iterator>

namespace quern::kernels {
namespace {

// Where there is no VNNI: the integer products of the AVX2 tier, which every CPU of this tier runs.
void take_integer_products(KernelTable& table) noexcept {
  const KernelTable& from = avx2_table();
  for (std::size_t role = 0; role < kRoles; ++role) {
    for (std::size_t type = 0; type < std::size(from.matmul[role]); ++type) {
      const MatmulKernel& kernel = from.matmul[role][type];
      if (kernel.peak == Peak::int16_madd_256 || kernel.peak == Peak::int16_dot_256) table.matmul[role][type] = kernel;
    }
  }
  std::copy(std::begin(from.layout), std::end(from.layout), table.layout);
  for (std::size_t role = 0; role < kRoles; ++role) {
    std::copy(std::begin(from.packed[role]), std::end(from.packed[role]), table.packed[role]);
  }
}

KernelTable build(const char* isa, const CpuFeatures& has) noexcept {
  KernelTable table = scalar_table();
  table.isa = isa;
  QUERN_AVX512::fill_matmul(table);
  take_integer_products(table);
  QUERN_AVX512::fill_attention(table);
  QUERN_AVX512::fill_elementwise(table);
  if (has.avx512_bf16) QUERN_AVX512::fill_bf16(table);
  if (has.avx512_vnni) {
    QUERN_AVX512::fill_vnni(table);  // over bf16: as fast, and closer
    QUERN_AVX512::fill_packed(table);
  }
  return table;
}

}  // namespace

#ifdef QUERN_EMULATE_AVX512
const KernelTable& avx512_emulated_table() noexcept {
  static const KernelTable table = build("avx512-emulated", {});
  return table;
}
const KernelTable& avx512_bf16_emulated_table() noexcept {
  static const KernelTable table = build("avx512-bf16-emulated", {.avx512_vnni = true, .avx512_bf16 = true});
  return table;
}
#else
const KernelTable& avx512_table() noexcept {
  static const KernelTable table = build("avx512", cpu_features());
  return table;
}
#endif

}  // namespace quern::kernels

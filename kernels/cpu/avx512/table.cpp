#include "kernels/cpu/avx512/emulated_table.hpp"
#include "kernels/cpu/avx512/kernels.hpp"
#include "kernels/cpu/tables.hpp"

namespace quern::kernels {
namespace {

KernelTable build(const char* isa) noexcept {
  KernelTable table = scalar_table();
  table.isa = isa;
  QUERN_AVX512::fill_matmul(table);
  QUERN_AVX512::fill_attention(table);
  QUERN_AVX512::fill_elementwise(table);
  return table;
}

}  // namespace

#ifdef QUERN_EMULATE_AVX512
const KernelTable& avx512_emulated_table() noexcept {
  static const KernelTable table = build("avx512-emulated");
  return table;
}
#else
const KernelTable& avx512_table() noexcept {
  static const KernelTable table = build("avx512");
  return table;
}
#endif

}  // namespace quern::kernels

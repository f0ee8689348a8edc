#include "kernels/cpu/amx/emulated_table.hpp"
#include "kernels/cpu/amx/kernels.hpp"
#include "kernels/cpu/avx512/emulated_table.hpp"
#include "kernels/cpu/tables.hpp"

namespace quern::kernels {
namespace {

// Everything that is not on tiles is the AVX-512 tier's, with all its extensions.
KernelTable build(const char* isa, KernelTable table) noexcept {
  table.isa = isa;
  for (PackedLayout& layout : table.layout) layout = {};  // tiles take weights as they are in the file
  QUERN_AMX::fill_bf16(table);
  QUERN_AMX::fill_int15(table);
  return table;
}

}  // namespace

#ifdef QUERN_EMULATE_AVX512
const KernelTable& amx_emulated_table() noexcept {
  static const KernelTable table = build("amx-emulated", avx512_bf16_emulated_table());
  return table;
}
#else
const KernelTable& amx_table() noexcept {
  static const KernelTable table = build("amx", avx512_table());
  return table;
}
#endif

}  // namespace quern::kernels

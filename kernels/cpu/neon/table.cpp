#include "kernels/cpu/neon/kernels.hpp"
#include "kernels/cpu/neon/variants.hpp"
#include "kernels/cpu/tables.hpp"

namespace quern::kernels {
namespace {

KernelTable build(const char* isa, const CpuFeatures& has) noexcept {
  KernelTable table = scalar_table();
  table.isa = isa;
  neon::fill_float_matmul(table);
  neon::fill_attention(table);
  neon::fill_elementwise(table);
  neon::fill_int15_widening(table);
  if (has.neon_dotprod) neon::fill_int15_dotprod(table);
  if (has.neon_i8mm) neon::fill_int15_i8mm(table);
  if (has.neon_bf16) neon::fill_bf16(table);
  return table;
}

constexpr CpuFeatures kV8{.neon = true}, kDotprod{.neon = true, .neon_dotprod = true};
constexpr CpuFeatures kI8mm{.neon = true, .neon_dotprod = true, .neon_i8mm = true};

const KernelTable& v8_table() noexcept {
  static const KernelTable table = build("neon-v8", kV8);
  return table;
}
const KernelTable& dotprod_table() noexcept {
  static const KernelTable table = build("neon-dotprod", kDotprod);
  return table;
}
const KernelTable& i8mm_table() noexcept {
  static const KernelTable table = build("neon-i8mm", kI8mm);
  return table;
}

constexpr NeonVariant kVariants[] = {
    {"neon-v8", kV8, &v8_table}, {"neon-dotprod", kDotprod, &dotprod_table}, {"neon-i8mm", kI8mm, &i8mm_table}};

}  // namespace

const KernelTable& neon_table() noexcept {
  static const KernelTable table = build("neon", cpu_features());
  return table;
}

std::span<const NeonVariant> neon_variants() noexcept {
  return kVariants;
}

}  // namespace quern::kernels

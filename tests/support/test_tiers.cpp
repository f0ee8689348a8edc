#include "tests/support/test_tiers.hpp"

#include "kernels/cpu/isa.hpp"
#ifdef __x86_64__
#include "kernels/cpu/amx/emulated_table.hpp"
#include "kernels/cpu/avx2/plain_table.hpp"
#include "kernels/cpu/avx512/emulated_table.hpp"
#include "kernels/cpu/features.hpp"
#endif

#include <span>

namespace quern::test {

std::vector<TierUnderTest> tiers_under_test() {
  std::vector<TierUnderTest> out;
  const std::span<const kernels::Tier> best_first = kernels::tiers();
  for (std::size_t i = best_first.size(); i-- > 0;) {
    if (best_first[i].supported()) out.push_back({best_first[i].isa, &best_first[i].table()});
  }
#ifdef __x86_64__
  // Runs with AVX2 at most; where even that is missing the emulation would be compiled for more than the CPU has.
  if (kernels::select_tier("avx2")) {
    if (kernels::cpu_features().avx_vnni) out.push_back({"avx2-plain", &kernels::avx2_plain_table()});
    for (const kernels::KernelTable* emulated :
         {&kernels::avx512_emulated_table(), &kernels::avx512_bf16_emulated_table(), &kernels::amx_emulated_table()}) {
      out.push_back({emulated->isa, emulated});
    }
  }
#endif
  return out;
}

}  // namespace quern::test

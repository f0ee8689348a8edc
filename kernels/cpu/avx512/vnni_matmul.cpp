// Integer products with VPDPWSSD instead of VPMADDWD and VPADDD, for CPUs with AVX512_VNNI: the kernels of the AVX2
// tier with half the instructions for each product and twice the registers, on 256-bit vectors, of which a CPU with
// 512-bit ones starts three in a cycle instead of two. Bit-equal to that tier: the sums are exact.
#include "kernels/cpu/avx512/intrinsics.hpp"
#include "kernels/cpu/avx512/kernels.hpp"
#include "kernels/cpu/x86/int16_list.hpp"
#ifndef QUERN_EMULATE_AVX512
#include "kernels/cpu/x86/vnni_dot.hpp"
#endif

namespace quern::kernels {
namespace {

#ifdef QUERN_EMULATE_AVX512
using DotVnni = DotAvx2;  // the same sums by definition
#endif

}  // namespace

namespace QUERN_AVX512 {

void fill_vnni(KernelTable& table) noexcept {
  fill_int16_matmul<DotVnni>(table);
}

}  // namespace QUERN_AVX512
}  // namespace quern::kernels

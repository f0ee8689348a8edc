// The intrinsics of this folder: the compiler's own, or (QUERN_EMULATE_AVX512, tests only) SIMDe's emulation with the
// few names that SIMDe 0.7 lacks, so that these sources are checked on CPUs without AVX-512. Each build has its own
// namespace.
#pragma once

#ifdef QUERN_EMULATE_AVX512
#include "kernels/cpu/avx512/emulated_intrinsics.hpp"
#define QUERN_AVX512 avx512_emulated
#else
#include <immintrin.h>
#define QUERN_AVX512 avx512
#endif

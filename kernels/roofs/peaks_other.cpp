// Other architectures: the instructions of the NEON tier, and loads.
#include "kernels/cpu/features.hpp"
#include "kernels/roofs/peaks.hpp"

#include <cstdint>

namespace quern::kernels {
namespace {

#ifdef __aarch64__
constexpr double kSums = 16;

// 16 sums in registers that do not wait for each other, and two factors; one instruction (or three) for each in a step.
#define QUERN_PEAK_LOOP(name, arch, instruction)                                                                      \
  [[gnu::target("arch=" arch)]] void name(std::size_t n_steps) noexcept {                                             \
    asm volatile(                                                                                                     \
        ".irp i,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\n movi v\\i\\().4s, #0\n .endr\n"                         \
        "1:\n .irp i,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n " instruction                                            \
        "\n .endr\n"                                                                                                  \
        "subs %0, %0, #1\n b.ne 1b"                                                                                   \
        : "+r"(n_steps)                                                                                               \
        :                                                                                                             \
        : "cc", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", \
          "v16", "v17", "v18");                                                                                       \
  }
QUERN_PEAK_LOOP(fma_128, "armv8-a", "fmla v\\i\\().4s, v16.4s, v17.4s")
// 16 products take two multiplications and an addition to 32 bits.
QUERN_PEAK_LOOP(int8_widening_128, "armv8-a",
                "smull v18.8h, v16.8b, v17.8b\n smlal2 v18.8h, v16.16b, v17.16b\n sadalp v\\i\\().4s, v18.8h")
QUERN_PEAK_LOOP(int8_dot_128, "armv8.2-a+dotprod", "sdot v\\i\\().4s, v16.16b, v17.16b")
QUERN_PEAK_LOOP(int8_matrix_128, "armv8.2-a+i8mm", "smmla v\\i\\().4s, v16.16b, v17.16b")
QUERN_PEAK_LOOP(bf16_matrix_128, "armv8.2-a+bf16", "bfmmla v\\i\\().4s, v16.8h, v17.8h")
#undef QUERN_PEAK_LOOP

template <bool CpuFeatures::*kFeature>
bool has() noexcept {
  return cpu_features().*kFeature;
}
constexpr PeakLoop kLoops[] = {
    {Peak::fma_128, "F32 multiply-add, 128 bits", kSums * 2 * 4, &has<&CpuFeatures::neon>, &fma_128},
    {Peak::int8_widening_128, "int8 multiply and add, 128 bits", kSums * 2 * 16, &has<&CpuFeatures::neon>,
     &int8_widening_128},
    {Peak::int8_dot_128, "int8 dot, 128 bits", kSums * 2 * 16, &has<&CpuFeatures::neon_dotprod>, &int8_dot_128},
    {Peak::int8_matrix_128, "int8 matrices, 128 bits", kSums * 2 * 32, &has<&CpuFeatures::neon_i8mm>, &int8_matrix_128},
    {Peak::bf16_matrix_128, "bf16 matrices, 128 bits", kSums * 2 * 16, &has<&CpuFeatures::neon_bf16>, &bf16_matrix_128},
};
#endif

}  // namespace

std::span<const PeakLoop> peak_loops() noexcept {
#ifdef __aarch64__
  return kLoops;
#else
  return {};
#endif
}

void read_bytes(const std::byte* data, std::size_t n) noexcept {
  const auto* words = reinterpret_cast<const std::uint64_t*>(data);
  const std::size_t length = n / 4 / sizeof *words;
  for (std::size_t i = 0; i < length; i += 8) {
    std::uint64_t sum = 0;
    for (std::size_t stream = 0; stream < 4; ++stream) {
      for (std::size_t w = 0; w < 8; ++w) sum ^= words[stream * length + i + w];
    }
    asm volatile("" : : "r"(sum));
  }
}

}  // namespace quern::kernels

// Other architectures: F32 multiply-add, and loads. NEON is part of every AArch64.
#include "kernels/roofs/peaks.hpp"

#include <cstdint>

namespace quern::kernels {
namespace {

#ifdef __aarch64__
void fma_128(std::size_t n_steps) noexcept {
  asm volatile(
      ".irp i,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\n movi v\\i\\().4s, #0\n .endr\n"
      "1:\n .irp i,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n fmla v\\i\\().4s, v16.4s, v17.4s\n .endr\n"
      "subs %0, %0, #1\n b.ne 1b"
      : "+r"(n_steps)
      :
      : "cc", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15",
        "v16", "v17");
}
bool always() noexcept {
  return true;
}
constexpr PeakLoop kLoops[] = {{Peak::fma_128, "F32 multiply-add, 128 bits", 16 * 2 * 4, &always, &fma_128}};
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

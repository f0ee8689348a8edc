#include "bench/kernels/tile_roof.hpp"

#include "kernels/cpu/features.hpp"

#ifdef __x86_64__
#include "kernels/cpu/amx/tiles.hpp"
#endif

#include <algorithm>
#include <cstddef>

#include <time.h>

namespace quern::bench {

namespace {

#ifdef __x86_64__
double seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

void bf16_products() noexcept {
  kernels::tile_dot_bf16<0, 4, 6>();
  kernels::tile_dot_bf16<1, 4, 7>();
  kernels::tile_dot_bf16<2, 5, 6>();
  kernels::tile_dot_bf16<3, 5, 7>();
}
void int8_products() noexcept {
  kernels::tile_dot_ss<0, 4, 6>();
  kernels::tile_dot_ss<1, 4, 7>();
  kernels::tile_dot_ss<2, 5, 6>();
  kernels::tile_dot_ss<3, 5, 7>();
}

// Four sums hide the latency of a product (52 cycles; one starts every 16).
template <void (*kFourProducts)() noexcept>
double giga_per_s(double operations_of_one) {
  if (!kernels::cpu_features().amx) return 0;
  constexpr std::size_t kSteps = 250'000;
  double best = 0;
  for (int repeat = 0; repeat < 7; ++repeat) {
    const kernels::TileScope tiles;  // all tiles are zero: the speed does not depend on the values
    const double start = seconds();
    for (std::size_t i = 0; i < kSteps; ++i) kFourProducts();
    best = std::max(best, 4.0 * static_cast<double>(kSteps) * operations_of_one / (seconds() - start) / 1e9);
  }
  return best;
}
#endif

}  // namespace

#ifdef __x86_64__
double bf16_tile_roof_gflop_per_s() {
  return giga_per_s<&bf16_products>(2.0 * 16 * 16 * 32);
}
double int8_tile_roof_gop_per_s() {
  return giga_per_s<&int8_products>(2.0 * 16 * 16 * 64);
}
#else
double bf16_tile_roof_gflop_per_s() {
  return 0;
}
double int8_tile_roof_gop_per_s() {
  return 0;
}
#endif

}  // namespace quern::bench

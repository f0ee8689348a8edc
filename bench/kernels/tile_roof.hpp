// The most that one core's tile instructions (AMX) can do, measured. 0 where the CPU or the operating system has none.
#pragma once

namespace quern::bench {

double bf16_tile_roof_gflop_per_s();  // independent TDPBF16PS on registers
double int8_tile_roof_gop_per_s();    // independent TDPBSSD on registers

}  // namespace quern::bench

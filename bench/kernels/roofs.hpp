// What one core of this machine can do at most, measured in the same run as the kernels that are compared with it.
#pragma once

namespace quern::bench {

double read_roof_gb_per_s();    // summing a buffer larger than the last-level cache
double fma_roof_gflop_per_s();  // independent multiply-adds on registers, at the widest vectors of the CPU

}  // namespace quern::bench

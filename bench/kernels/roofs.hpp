// The most that one core can do, each measured once when it is first asked for. In CPU time of the calling thread, as
// google-benchmark reports it: another load on the machine distorts it less. (`quern bench --roof` measures all cores.)
// Threads: one.
#pragma once

#include "kernels/roofs/peaks.hpp"

namespace quern::bench {

double read_roof_gb_per_s();
double peak_gop_per_s(kernels::Peak peak);  // 0 where the CPU lacks it

}  // namespace quern::bench

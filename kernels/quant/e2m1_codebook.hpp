// The 16 floats of 4 bits (one sign, two exponent, one mantissa bit), doubled so that they are integers.
// Source: OCP Microscaling Formats (MX) 1.0, table of FP4 E2M1 values.
#pragma once

#include <cstdint>

namespace quern::kernels {

inline constexpr std::int8_t kDoubledE2M1[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

}  // namespace quern::kernels

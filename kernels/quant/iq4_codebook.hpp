// The 16 values that the 4-bit indexes of iq4_nl and iq4_xs stand for.
// Source: GGUF specification (kvalues_iq4nl): part of the file format.
#pragma once

#include <cstdint>

namespace quern::kernels {

inline constexpr std::int8_t kIq4Codebook[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                                 1,    13,   25,  38,  53,  69,  89,  113};

}  // namespace quern::kernels

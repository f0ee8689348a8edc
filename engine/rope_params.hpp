// What a rotary position embedding depends on.
#pragma once

#include <cstdint>

namespace quern::engine {

enum class RopeScaling : std::uint8_t { none, linear, yarn, longrope };

struct RopeParams {
  std::uint32_t n_rot = 0;  // values of a head that rotate, even; 0: no rotation
  double freq_base = 10000.0;
  RopeScaling scaling = RopeScaling::none;
  double factor = 1.0;  // context extension; positions (or the low frequencies) are divided by it
  std::uint32_t original_context = 0;
  double attn_factor = 1.0;                  // multiplies cos and sin
  double beta_fast = 32.0, beta_slow = 1.0;  // YaRN: rotations over the original context where the ramp begins and ends
};

}  // namespace quern::engine

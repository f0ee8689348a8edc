// What a rotary position embedding depends on.
#pragma once

#include <array>
#include <cstdint>

namespace quern::engine {

enum class RopeStyle : std::uint8_t { interleaved, split };  // which values of a head form pairs
// Which pairs take their position from text, height, width and a fourth axis, whose position is 0 in text.
enum class RopeSections : std::uint8_t { none, contiguous, interleaved };
enum class RopeScaling : std::uint8_t { none, linear, yarn, longrope };

struct RopeParams {
  std::uint32_t n_rot = 0;  // values of a head that rotate, even; 0: no rotation
  double freq_base = 10000.0;
  RopeScaling scaling = RopeScaling::none;
  double factor = 1.0;  // context extension; positions (or the low frequencies) are divided by it
  std::uint32_t original_context = 0;
  double attn_factor = 1.0;                  // multiplies cos and sin
  double beta_fast = 32.0, beta_slow = 1.0;  // YaRN: rotations over the original context where the ramp begins and ends
  RopeStyle style = RopeStyle::interleaved;
  RopeSections section_order = RopeSections::none;
  std::array<std::uint32_t, 4> sections{};  // pairs of each axis

  // Whether a pair rotates with the position in the text. All axes but the last count text alike.
  bool turns(std::uint32_t pair) const noexcept {
    const std::uint32_t total = sections[0] + sections[1] + sections[2] + sections[3];
    if (section_order == RopeSections::none || total == 0) return true;
    const std::uint32_t turn = pair % total;
    if (section_order == RopeSections::contiguous) return turn < total - sections[3];
    return turn < 3 * sections[turn % 3];
  }
};

}  // namespace quern::engine

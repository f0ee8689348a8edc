#include "kernels/quant/iq4_nl.hpp"

#include "kernels/quant/fp16.hpp"
#include "kernels/quant/iq4_codebook.hpp"

namespace quern::kernels {

void dequantize_iq4_nl(const void* blocks, std::size_t n, float* out) noexcept {
  const auto* block = static_cast<const BlockIq4Nl*>(blocks);
  for (; n >= 32; n -= 32, out += 32, ++block) {
    const float d = load_f16(block->d);
    for (int i = 0; i < 16; ++i) {
      out[i] = d * static_cast<float>(kIq4Codebook[block->q[i] & 15]);
      out[i + 16] = d * static_cast<float>(kIq4Codebook[block->q[i] >> 4]);
    }
  }
}

}  // namespace quern::kernels

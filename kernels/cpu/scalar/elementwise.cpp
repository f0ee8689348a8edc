#include "kernels/cpu/scalar/kernels.hpp"
#include "kernels/quant/fp16.hpp"

#include <cmath>

namespace quern::kernels::scalar {

void rms_norm(const float* x, const float* w, float eps, std::size_t n, float* y) noexcept {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * x[i];
  const double scale = 1.0 / std::sqrt(sum / static_cast<double>(n) + eps);
  for (std::size_t i = 0; i < n; ++i) y[i] = static_cast<float>(x[i] * scale * w[i]);
}

void layer_norm(const float* x, const float* w, const float* bias, float eps, std::size_t n, float* y) noexcept {
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < n; ++i) sum += x[i];
  const double mean = sum / static_cast<double>(n);
  for (std::size_t i = 0; i < n; ++i) squares += (x[i] - mean) * (x[i] - mean);
  const double scale = 1.0 / std::sqrt(squares / static_cast<double>(n) + eps);
  for (std::size_t i = 0; i < n; ++i) {
    y[i] = static_cast<float>((x[i] - mean) * scale * w[i] + (bias != nullptr ? bias[i] : 0.0f));
  }
}

namespace {

double sigmoid(double x) noexcept {
  return 1.0 / (1.0 + std::exp(-x));
}

// (1 + tanh(u)) / 2 = sigmoid(2u)
double gelu_of(double x) noexcept {
  if (x < -50.0) return 0.0;  // also of -infinity
  return x * sigmoid(2.0 * 0.7978845608028654 * (x + 0.044715 * x * x * x));
}

void rotate(float& a, float& b, float cosine, float sine) noexcept {
  const double a0 = a, b0 = b;
  a = static_cast<float>(a0 * cosine - b0 * sine);
  b = static_cast<float>(a0 * sine + b0 * cosine);
}

}  // namespace

void rope_interleaved(float* x, std::size_t n_heads, std::size_t d_head, std::size_t n_rot,
                      const float* cos_sin) noexcept {
  const std::size_t n_pairs = n_rot / 2;
  for (float* head = x; head != x + n_heads * d_head; head += d_head) {
    for (std::size_t i = 0; i < n_pairs; ++i) rotate(head[2 * i], head[2 * i + 1], cos_sin[i], cos_sin[n_pairs + i]);
  }
}

void rope_split(float* x, std::size_t n_heads, std::size_t d_head, std::size_t n_rot, const float* cos_sin) noexcept {
  const std::size_t n_pairs = n_rot / 2;
  for (float* head = x; head != x + n_heads * d_head; head += d_head) {
    for (std::size_t i = 0; i < n_pairs; ++i) rotate(head[i], head[n_pairs + i], cos_sin[i], cos_sin[n_pairs + i]);
  }
}

void silu_mul(const float* gate, const float* up, std::size_t n, float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    const double g = gate[i];
    out[i] = static_cast<float>(g / (1.0 + std::exp(-g)) * up[i]);
  }
}

void silu(const float* x, std::size_t n, float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<float>(x[i] * sigmoid(x[i]));
}

void gelu(const float* x, std::size_t n, float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<float>(gelu_of(x[i]));
}

void gelu_mul(const float* gate, const float* up, std::size_t n, float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<float>(gelu_of(gate[i]) * up[i]);
}

void clamped_swiglu(const float* gate, const float* up, float alpha, float limit, std::size_t n, float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    // Comparisons that NaN fails, so that it passes through.
    const double g = gate[i] > limit ? limit : gate[i];
    const double u = up[i] > limit ? limit : up[i] < -limit ? -limit : up[i];
    out[i] = static_cast<float>(g * sigmoid(alpha * g) * (u + 1.0));
  }
}

void sigmoid_mul(const float* gate, const float* x, std::size_t n, float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<float>(sigmoid(gate[i]) * x[i]);
}

void softcap(const float* x, float cap, std::size_t n, float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<float>(cap * std::tanh(static_cast<double>(x[i]) / cap));
}

void mul(const float* a, const float* b, std::size_t n, float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = a[i] * b[i];
}

void multiply_add(const float* a, const float* b, std::size_t n, float* y) noexcept {
  for (std::size_t i = 0; i < n; ++i) y[i] = static_cast<float>(y[i] + static_cast<double>(a[i]) * b[i]);
}

void delta_rule(const DeltaRuleArgs& args) noexcept {
  for (std::size_t d = 0; d < args.d_v; ++d) {
    double remembered = 0, out = 0;
    for (std::size_t i = 0; i < args.d_k; ++i) {
      remembered += static_cast<double>(args.k[i]) * args.decay * args.state[i * args.d_v + d];
    }
    const double change = args.beta * (args.v[d] - remembered);
    for (std::size_t i = 0; i < args.d_k; ++i) {
      float& s = args.state[i * args.d_v + d];
      s = static_cast<float>(static_cast<double>(args.decay) * s + args.k[i] * change);
      out += static_cast<double>(args.q[i]) * s;
    }
    args.out[d] = static_cast<float>(out);
  }
}

void ssm_scan(const SsmScanArgs& args) noexcept {
  for (std::size_t t = 0; t < args.n_tokens; ++t) {
    const float* step = args.step + t * args.step_stride;
    for (std::size_t d = 0; d < args.n_channels; ++d) {
      double out = 0;
      for (std::size_t i = 0; i < args.d_state; ++i) {
        const std::size_t at = i * args.state_stride + d;
        const double decay = args.rates == nullptr ? step[0] : std::exp(static_cast<double>(step[d]) * args.rates[at]);
        const double input = static_cast<double>(args.b[t * args.bc_stride + i]) * args.input[t * args.stride + d];
        args.state[at] = static_cast<float>(decay * args.state[at] + input);
        out += static_cast<double>(args.c[t * args.bc_stride + i]) * args.state[at];
      }
      args.out[t * args.stride + d] = static_cast<float>(out);
    }
  }
}

void add(const float* a, const float* b, std::size_t n, float* out) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = a[i] + b[i];
}

void add_scaled(const float* x, float scale, std::size_t n, float* y) noexcept {
  for (std::size_t i = 0; i < n; ++i) y[i] = static_cast<float>(y[i] + static_cast<double>(scale) * x[i]);
}

}  // namespace quern::kernels::scalar

// The kernels of the scalar tier: plain C++ with double accumulators. They run anywhere and are the oracle of every
// other tier's tests, so they are written for clarity. Contracts: kernels/kernel_table.hpp.
#pragma once

#include "kernels/kernel_table.hpp"

namespace quern::kernels::scalar {

void fill_matmul(KernelTable& table) noexcept;  // every type that has a decoder, both roles

void fill_attention(KernelTable& table) noexcept;
void fill_store_kv(KernelTable& table) noexcept;

void rms_norm(const float* x, const float* w, float eps, std::size_t n, float* y) noexcept;
void layer_norm(const float* x, const float* w, const float* bias, float eps, std::size_t n, float* y) noexcept;
void rope_interleaved(float* x, std::size_t n_heads, std::size_t d_head, std::size_t n_rot,
                      const float* cos_sin) noexcept;
void rope_split(float* x, std::size_t n_heads, std::size_t d_head, std::size_t n_rot, const float* cos_sin) noexcept;
void silu_mul(const float* gate, const float* up, std::size_t n, float* out) noexcept;
void silu(const float* x, std::size_t n, float* out) noexcept;
void gelu(const float* x, std::size_t n, float* out) noexcept;
void gelu_mul(const float* gate, const float* up, std::size_t n, float* out) noexcept;
void clamped_swiglu(const float* gate, const float* up, float alpha, float limit, std::size_t n, float* out) noexcept;
void sigmoid_mul(const float* gate, const float* x, std::size_t n, float* out) noexcept;
void softcap(const float* x, float cap, std::size_t n, float* out) noexcept;
void mul(const float* a, const float* b, std::size_t n, float* out) noexcept;
void multiply_add(const float* a, const float* b, std::size_t n, float* y) noexcept;
void delta_rule(const DeltaRuleArgs& args) noexcept;
void ssm_scan(const SsmScanArgs& args) noexcept;
void add(const float* a, const float* b, std::size_t n, float* out) noexcept;
void add_scaled(const float* x, float scale, std::size_t n, float* y) noexcept;

}  // namespace quern::kernels::scalar

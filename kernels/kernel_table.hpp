// All hot CPU kernels of one ISA tier: one function pointer each. A tier starts as a copy of the scalar table and
// overrides what it does better, so callers never ask which tier they run on.
// Kernels are noexcept, allocate nothing, take raw pointers and cannot fail: arguments are checked when a model is
// loaded and when a step is planned. Threads: any number at once on disjoint outputs.
// One result for every load: a row's result must not depend on how many other rows are in the call.
#pragma once

#include "kernels/kv_type.hpp"
#include "kernels/peak.hpp"

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

// Which arithmetic a product gets: chosen by what its token and its matrix are, never by how many rows share its step.
// _coarse: for matrices that may round both factors to bf16. Not those around the attention: softmax multiplies their
// errors (quant goldens, NMSE of the logits: 1e-4 to 2.5e-4 with every matrix in bf16, 2e-5 to 3e-5 with the four of
// the attention exact).
enum class Role : std::uint8_t { prefill, decode, prefill_coarse, decode_coarse };
inline constexpr std::size_t kRoles = 4;

// y[t, r] = sum over k of w[r, k] * x[t, k], for r in [row_begin, row_end) and all n_tokens tokens.
struct MatmulArgs {
  const std::byte* w;     // row 0 of the matrix, [n_rows, n_cols] in the file's own block layout, or packed
  std::size_t row_bytes;  // from one weight row to the next; packed: from one group of kPackedGroupRows to the next
  std::size_t row_begin, row_end;
  std::size_t n_cols;       // a multiple of the type's block_values
  const std::byte* x;       // n_tokens activation rows as written by prepare()
  std::size_t x_row_bytes;  // == prepared_row_bytes(n_cols)
  std::size_t n_tokens;
  float* y;              // [n_tokens, y_stride]; only columns [row_begin, row_end) are written
  std::size_t y_stride;  // in floats
};

struct MatmulKernel {
  // Size of one prepared activation row. For the plain F32 kernels: n_cols * 4 rounded up to 64.
  std::size_t (*prepared_row_bytes)(std::size_t n_cols) noexcept;
  // Converts n_tokens rows x[n_tokens, n_cols] (contiguous F32) to the form that run() wants. out is 64-byte aligned.
  void (*prepare)(const float* x, std::size_t n_tokens, std::size_t n_cols, std::byte* out) noexcept;
  void (*run)(const MatmulArgs& args) noexcept;
  // What bounds it besides memory, and how many multiply-adds of that kind one weight times one activation takes.
  Peak peak = Peak::none;
  std::uint32_t passes = 1;
  // Rows that a call for many tokens should have at least: what it prepares for all of them must pay.
  std::uint32_t piece_rows = 48;
};

// Rows that a packed layout interleaves. A range of rows need not begin or end with a group, but is computed as if it
// did.
inline constexpr std::size_t kPackedGroupRows = 16;

// A tier's own layout of a type's weights (docs/decisions/019), made when a model is loaded.
struct PackedLayout {
  // Size of one group of kPackedGroupRows rows: a multiple of 64.
  std::size_t (*group_bytes)(std::size_t n_cols) noexcept;
  // Groups [begin, end) of w[n_rows, n_cols], whose rows are row_bytes apart, to out, which is 64-byte aligned. What is
  // missing in the last group are rows of zeros.
  void (*pack)(const std::byte* w, std::size_t row_bytes, std::size_t n_rows, std::size_t n_cols, std::size_t begin,
               std::size_t end, std::byte* out) noexcept;
};

// Upper limit of d_head_k and d_head_v (576: the compressed K of DeepSeek); checked when a model is loaded.
inline constexpr std::uint32_t kMaxHeadDim = 576;

// Which keys a window of w positions shows to the token at position p, before the causal limit is applied.
enum class WindowKind : std::uint8_t {
  before,  // (p - w, p]
  around,  // [p - w / 2, p + w / 2]
  chunk,   // [p / w * w, ...): the chunk of w positions that p lies in
};

// Softmax attention of a run of query tokens of one sequence over its KV pages, for all query heads of one KV head.
// Token t (0-based) is at position first_position + t. It sees the keys of its window (window 0: all), causally
// (n_keys == 0) up to its own position, else all keys [0, n_keys) of them. Its own K and V are already in the pages.
// K of a page for one layer and KV head: page_tokens rows of d_head_k values (kv_type.hpp); V: of d_head_v values.
struct AttentionArgs {
  const float* q;              // token t, head h at q + t * q_token_stride + h * d_head_k
  std::size_t q_token_stride;  // in floats
  std::size_t n_tokens;
  std::size_t n_heads;  // query heads that share this KV head
  std::uint32_t first_position;
  const std::byte* k_base;           // K of page 0 for this layer and head
  const std::byte* v_base;           // V of page 0 for this layer and head
  std::size_t page_stride;           // bytes from one page to the next
  const std::uint32_t* page_table;   // page ids of the sequence, enough for its last position
  std::uint32_t page_tokens;         // a power of two
  std::uint32_t d_head_k, d_head_v;  // multiples of 4
  float scale;                       // applied to q.k
  float softcap;                     // 0: none; else scores = softcap * tanh(scores / softcap)
  std::uint32_t window;              // 0: none
  WindowKind window_kind;
  std::uint32_t n_keys;       // 0: causal; else the length of the sequence, whose tokens all see each other
  const float* alibi_slopes;  // [n_heads] or nullptr: subtracts slope * |key position - query position|
  const float* sinks;         // [n_heads] or nullptr: an extra logit per head that takes weight but has no value
  float* out;                 // token t, head h at out + t * out_token_stride + h * d_head_v
  std::size_t out_token_stride;
};

// One token's step of one head of a gated delta rule, in place on the state S[d_k, d_v]:
//   S = decay * S;  S += k (x) beta * (v - k^T S);  out = q^T S
struct DeltaRuleArgs {
  float* state;  // [d_k, d_v]
  std::size_t d_k, d_v;
  const float* q;  // [d_k]
  const float* k;  // [d_k]
  const float* v;  // [d_v]
  float decay, beta;
  float* out;  // [d_v]
};

// Tokens of some channels of a state space, one after the other, in place on the state S[d_state, n_channels]:
//   S[i, c] = decay * S[i, c] + b[i] * input[c];  out[c] = sum over i of C[i] * S[i, c]
// decay: of each channel and row exp(step[c] * rates[i, c]); without rates one number per token, step[0].
struct SsmScanArgs {
  float* state;
  std::size_t state_stride;  // from one row of the state, and of rates, to the next
  std::size_t n_channels, d_state, n_tokens;
  const float* input;  // [n_tokens, stride]
  const float* b;      // [n_tokens, bc_stride], d_state values of each
  const float* c;
  std::size_t bc_stride;
  const float* step;  // [n_tokens, step_stride]
  std::size_t step_stride;
  const float* rates;  // or nullptr
  float* out;          // [n_tokens, stride]
  std::size_t stride;
};

struct KernelTable {
  const char* isa;  // "scalar", "avx2", "avx512", "amx", "neon": also the value of QUERN_FORCE_ISA

  // [role][TensorType]; run == nullptr where the type has no kernel yet. Every tier has every type the scalar tier has.
  MatmulKernel matmul[kRoles][64];
  // The same for packed weights, where a tier has a layout for the type: pack == nullptr where it has not. The coarse
  // roles may round activations to 8 bits.
  PackedLayout layout[64];
  MatmulKernel packed[kRoles][64];

  // out: one row of n values in the given type.
  void (*store_kv[kKvTypes])(const float* x, std::size_t n, std::byte* out) noexcept;
  void (*attention[kKvTypes])(const AttentionArgs& args) noexcept;
  Peak attention_peak = Peak::none;

  // y[n] = x[n] / sqrt(mean(x^2) + eps) * w[n]. y may be x.
  void (*rms_norm)(const float* x, const float* w, float eps, std::size_t n, float* y) noexcept;
  // y[n] = (x[n] - mean(x)) / sqrt(variance(x) + eps) * w[n] + bias[n]. bias may be nullptr; y may be x.
  void (*layer_norm)(const float* x, const float* w, const float* bias, float eps, std::size_t n, float* y) noexcept;
  // Rotates pairs of each head's first n_rot values. cos_sin: n_rot / 2 cosines, then n_rot / 2 sines.
  // interleaved: pairs (2i, 2i + 1), the "norm" form of llama; split: pairs (i, i + n_rot / 2), the "neox" form.
  void (*rope_interleaved)(float* x, std::size_t n_heads, std::size_t d_head, std::size_t n_rot,
                           const float* cos_sin) noexcept;
  void (*rope_split)(float* x, std::size_t n_heads, std::size_t d_head, std::size_t n_rot,
                     const float* cos_sin) noexcept;
  // out[n] = gate * sigmoid(gate) * up. out may be gate or up.
  void (*silu_mul)(const float* gate, const float* up, std::size_t n, float* out) noexcept;
  void (*silu)(const float* x, std::size_t n, float* out) noexcept;  // x * sigmoid(x). out may be x
  // gelu(x) = x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))). out may be an input.
  void (*gelu)(const float* x, std::size_t n, float* out) noexcept;
  void (*gelu_mul)(const float* gate, const float* up, std::size_t n, float* out) noexcept;  // gelu(gate) * up
  // g * sigmoid(alpha * g) * (u + 1) with g = min(gate, limit), u = up clamped to [-limit, limit]. out may be an input.
  void (*clamped_swiglu)(const float* gate, const float* up, float alpha, float limit, std::size_t n,
                         float* out) noexcept;
  void (*sigmoid_mul)(const float* gate, const float* x, std::size_t n, float* out) noexcept;  // sigmoid(gate) * x
  void (*softcap)(const float* x, float cap, std::size_t n, float* out) noexcept;   // cap * tanh(x / cap). out may be x
  void (*mul)(const float* a, const float* b, std::size_t n, float* out) noexcept;  // out may be a or b
  void (*multiply_add)(const float* a, const float* b, std::size_t n, float* y) noexcept;  // y += a * b
  void (*delta_rule)(const DeltaRuleArgs& args) noexcept;
  void (*ssm_scan)(const SsmScanArgs& args) noexcept;
  void (*add)(const float* a, const float* b, std::size_t n, float* out) noexcept;    // out may be a or b
  void (*add_scaled)(const float* x, float scale, std::size_t n, float* y) noexcept;  // y += scale * x
};

}  // namespace quern::kernels

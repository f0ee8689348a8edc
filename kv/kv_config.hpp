// Geometry of the KV cache: which bytes hold K and V of a token.
// Layout of the arena: [n_pages][n_layers][n_kv_heads]{ K [page_tokens, d_head_k], V [page_tokens, d_head_v] }, so that
// the K (and the V) of one page, layer and head is one contiguous run. Models with recurrent layers also have state
// pages, one per sequence: [n_state_pages][n_state_layers][state_values], F32 always. A copy of one, taken at a border
// of two KV pages, is what a later sequence with the same beginning starts from.
#pragma once

#include "kernels/kernel_table.hpp"

#include <cstddef>
#include <cstdint>

namespace quern::kv {

using PageId = std::uint32_t;
inline constexpr PageId kNoPage = UINT32_MAX;

struct KvConfig {
  std::uint32_t n_layers = 0;
  std::uint32_t n_kv_heads = 0;
  std::uint32_t d_head_k = 0;
  std::uint32_t d_head_v = 0;
  std::uint32_t page_tokens = 32;  // a power of two, 8..256
  std::uint32_t n_pages = 0;
  kernels::KvType type = kernels::KvType::f16;
  std::uint32_t n_state_layers = 0;
  std::uint64_t state_values = 0;  // per layer
  std::uint32_t n_state_pages = 0;

  constexpr std::size_t k_row_bytes() const noexcept { return kernels::kv_row_bytes(type, d_head_k); }
  constexpr std::size_t v_row_bytes() const noexcept { return kernels::kv_row_bytes(type, d_head_v); }
  constexpr std::size_t head_k_bytes() const noexcept { return page_tokens * k_row_bytes(); }
  constexpr std::size_t head_v_bytes() const noexcept { return page_tokens * v_row_bytes(); }
  constexpr std::size_t layer_bytes() const noexcept { return n_kv_heads * (head_k_bytes() + head_v_bytes()); }
  constexpr std::size_t page_bytes() const noexcept { return n_layers * layer_bytes(); }
  constexpr std::size_t state_page_bytes() const noexcept { return n_state_layers * state_values * sizeof(float); }
};

constexpr std::uint32_t pages_for(std::uint64_t n_tokens, std::uint32_t page_tokens) noexcept {
  return static_cast<std::uint32_t>((n_tokens + page_tokens - 1) / page_tokens);
}

}  // namespace quern::kv

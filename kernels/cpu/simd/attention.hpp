// Paged attention for any vector type V: one pass over the pages with a running maximum ("flash" style).
// Query rows (token, head) are taken in groups of kGroupRows that share each block of kBlockKeys keys while it is in
// L1. What a row computes depends on nothing but the row: blocks start at fixed positions, a score is one accumulator
// with lane d % kLanes, values are added in order of the key. So results are bit-equal for every split of the tokens.
// Keys that a row must not see are never read: their pages may hold anything. Scratch is on the stack (about 80 KiB).
// Source: the running maximum of arXiv 1805.02867, used block by block as in arXiv 2205.14135.
#pragma once

#include "kernels/cpu/simd/kv_rows.hpp"
#include "kernels/cpu/simd/math.hpp"
#include "kernels/kernel_table.hpp"

namespace quern::kernels {
namespace {

inline constexpr std::uint32_t kBlockKeys = 32;
inline constexpr std::size_t kGroupRows = 16;
inline constexpr std::size_t kTileRows = 4;  // rows that share a load of K or V
inline constexpr std::size_t kMaxPadded = (kMaxHeadDim + 15) / 16 * 16;

struct KeyRange {
  std::uint32_t begin, end;
  bool operator==(const KeyRange& other) const noexcept { return begin == other.begin && end == other.end; }
};

template <class V, class KvRow>
struct AttentionGroup {
  using F = typename V::F;
  static constexpr std::size_t kLanes = V::kLanes;

  struct Row {
    std::uint32_t first, last, position;  // sees keys [first, last]
    float max, sum, alibi_slope;
    float* out;
  };
  const AttentionArgs& args;
  std::size_t n_rows = 0;
  std::uint32_t block_keys = 0;
  std::size_t k_row_bytes, v_row_bytes;
  Row rows[kGroupRows];
  alignas(64) float q[kGroupRows][kMaxPadded];       // zero behind d_head_k
  alignas(64) float values[kGroupRows][kMaxPadded];  // sum of weight * V so far
  alignas(64) float weights[kTileRows][kBlockKeys];  // scores, then softmax weights, of the current block

  explicit AttentionGroup(const AttentionArgs& a) noexcept
      : args(a),
        k_row_bytes(kv_row_bytes(KvRow::kType, a.d_head_k)),
        v_row_bytes(kv_row_bytes(KvRow::kType, a.d_head_v)) {
    block_keys = args.page_tokens < kBlockKeys ? args.page_tokens : kBlockKeys;
  }

  void add_row(std::size_t token, std::size_t head) noexcept {
    const std::size_t r = n_rows++;
    Row& row = rows[r];
    row.position = args.first_position + static_cast<std::uint32_t>(token);
    see(row);
    // A sink is a score that has been seen already and had no value.
    row.max = args.sinks != nullptr ? args.sinks[head] : -__builtin_inff();
    row.sum = args.sinks != nullptr ? 1.0f : 0.0f;
    row.alibi_slope = args.alibi_slopes != nullptr ? args.alibi_slopes[head] : 0.0f;
    row.out = args.out + token * args.out_token_stride + head * args.d_head_v;
    const float* source = args.q + token * args.q_token_stride + head * args.d_head_k;
    const std::size_t padded_k = (args.d_head_k + kLanes - 1) / kLanes * kLanes;
    for (std::size_t d = 0; d < padded_k; ++d) q[r][d] = d < args.d_head_k ? source[d] : 0.0f;
    for (std::size_t d = 0; d < args.d_head_v; d += kLanes) V::store(values[r] + d, V::zero());
  }

  void see(Row& row) const noexcept {
    const std::uint32_t end = args.n_keys != 0 ? args.n_keys - 1 : row.position, half = args.window / 2;
    row.first = 0;
    row.last = end;
    if (args.window == 0) return;
    switch (args.window_kind) {
      case WindowKind::before:
        row.first = row.position >= args.window ? row.position - args.window + 1 : 0;
        break;
      case WindowKind::around:
        row.first = row.position >= half ? row.position - half : 0;
        if (end - row.position > half) row.last = row.position + half;
        break;
      case WindowKind::chunk:
        row.first = row.position / args.window * args.window;
        if (end - row.first >= args.window) row.last = row.first + args.window - 1;
        break;
    }
  }

  // weights[r][key] = q[first_row + r] . K[key] for kRows rows and kKeys keys from `slot` on.
  template <std::size_t kRows, std::size_t kKeys>
  void score_tile(std::size_t first_row, std::size_t first_weight, const std::byte* k, std::size_t slot) noexcept {
    F sums[kRows][kKeys];
    for (auto& row_sums : sums) {
      for (F& sum : row_sums) sum = V::zero();
    }
    const std::size_t d_head = args.d_head_k;
    k += slot * k_row_bytes;
    for (std::size_t d = 0; d < d_head; d += kLanes) {
      for (std::size_t key = 0; key < kKeys; ++key) {
        const std::byte* row = k + key * k_row_bytes;
        const F values_k = d + kLanes <= d_head ? KvRow::load(row, d) : KvRow::load_partial(row, d, d_head - d);
        for (std::size_t r = 0; r < kRows; ++r) {
          sums[r][key] = V::fmadd(V::load(q[first_row + r] + d), values_k, sums[r][key]);
        }
      }
    }
    for (std::size_t r = 0; r < kRows; ++r) {
      float* out = weights[first_weight + r] + slot;
      if constexpr (kKeys == 4) {
        V::reduce_add4(sums[r][0], sums[r][1], sums[r][2], sums[r][3], out);
      } else {
        for (std::size_t key = 0; key < kKeys; ++key) out[key] = V::reduce_add(sums[r][key]);
      }
    }
  }

  template <std::size_t kRows>
  void score_rows(std::size_t first_row, std::size_t first_weight, const std::byte* k, KeyRange range) noexcept {
    std::uint32_t slot = range.begin;
    for (; slot + 4 <= range.end; slot += 4) score_tile<kRows, 4>(first_row, first_weight, k, slot);
    for (; slot < range.end; ++slot) score_tile<kRows, 1>(first_row, first_weight, k, slot);
  }

  // Scores of one row and block -> softmax weights; returns the factor for what was summed before this block.
  float soften(Row& row, float* slots, KeyRange range, std::uint32_t block_begin) noexcept {
    const float minus_infinity = -__builtin_inff();
    const bool partial = range.begin != 0 || range.end != kBlockKeys;
    for (std::uint32_t i = 0; i < range.begin; ++i) slots[i] = 0;
    for (std::uint32_t i = range.end; i < kBlockKeys; ++i) slots[i] = 0;
    const float distance = static_cast<float>(static_cast<std::int64_t>(block_begin) - row.position);
    F largest = V::set1(row.max);
    for (std::size_t i = 0; i < kBlockKeys; i += kLanes) {
      F s = V::mul(V::load(slots + i), V::set1(args.scale));
      if (args.softcap != 0) s = V::mul(V::set1(args.softcap), tanh<V>(V::div(s, V::set1(args.softcap))));
      if (args.alibi_slopes != nullptr) {
        const F offset = V::add(V::set1(distance + static_cast<float>(i)), V::iota());
        s = V::fnmadd(V::set1(row.alibi_slope), V::abs(offset), s);
      }
      if (partial) s = V::add(s, mask_bias(range, i));
      V::store(slots + i, s);
      largest = V::max(largest, s);
    }
    const float max = V::reduce_max(largest);
    // Nothing but -infinity so far: any finite reference gives weights of zero instead of NaN.
    const F reference = V::set1(max == minus_infinity ? 0.0f : max);
    F sum = V::zero();
    for (std::size_t i = 0; i < kBlockKeys; i += kLanes) {
      const F w = exp<V>(V::sub(V::load(slots + i), reference));
      V::store(slots + i, w);
      sum = V::add(sum, w);
    }
    const float factor = first_lane(exp<V>(V::sub(V::set1(row.max), reference)));
    row.sum = row.sum * factor + V::reduce_add(sum);
    row.max = max;
    return factor;
  }

  // values[row] = values[row] * factor + sum of weight * V over the keys of the range.
  template <std::size_t kRows, std::size_t kVectors>
  void value_tile(std::size_t first_row, const float* factors, const std::byte* v, KeyRange range, std::size_t d,
                  std::size_t n_lanes) noexcept {
    F sums[kRows][kVectors];
    for (std::size_t r = 0; r < kRows; ++r) {
      for (std::size_t i = 0; i < kVectors; ++i) {
        sums[r][i] = V::mul(V::load(values[first_row + r] + d + i * kLanes), V::set1(factors[r]));
      }
    }
    for (std::uint32_t slot = range.begin; slot < range.end; ++slot) {
      const std::byte* row = v + slot * v_row_bytes;
      for (std::size_t i = 0; i < kVectors; ++i) {
        const std::size_t first = d + i * kLanes;
        const F value = n_lanes == kLanes ? KvRow::load(row, first) : KvRow::load_partial(row, first, n_lanes);
        for (std::size_t r = 0; r < kRows; ++r) {
          sums[r][i] = V::fmadd(V::set1(weights[r][slot]), value, sums[r][i]);
        }
      }
    }
    for (std::size_t r = 0; r < kRows; ++r) {
      for (std::size_t i = 0; i < kVectors; ++i) V::store(values[first_row + r] + d + i * kLanes, sums[r][i]);
    }
  }

  // kRows rows that see the same keys of this block.
  template <std::size_t kRows>
  void block_rows(std::size_t first_row, const std::byte* k, const std::byte* v, KeyRange range,
                  std::uint32_t block_begin) noexcept {
    std::size_t scored = 0;
    for (; scored + V::kScoreRows <= kRows; scored += V::kScoreRows) {
      score_rows<V::kScoreRows>(first_row + scored, scored, k, range);
    }
    for (; scored < kRows; ++scored) score_rows<1>(first_row + scored, scored, k, range);
    float factors[kRows];
    for (std::size_t r = 0; r < kRows; ++r) factors[r] = soften(rows[first_row + r], weights[r], range, block_begin);
    std::size_t d = 0;
    for (; d + 2 * kLanes <= args.d_head_v; d += 2 * kLanes) {
      value_tile<kRows, 2>(first_row, factors, v, range, d, kLanes);
    }
    for (; d < args.d_head_v; d += kLanes) {
      const std::size_t left = args.d_head_v - d;
      value_tile<kRows, 1>(first_row, factors, v, range, d, left < kLanes ? left : kLanes);
    }
  }

  KeyRange range_of(std::size_t r, std::uint32_t block_begin) const noexcept {
    const std::uint32_t begin = rows[r].first > block_begin ? rows[r].first - block_begin : 0;
    const std::uint64_t seen = std::uint64_t{rows[r].last} + 1;
    const std::uint64_t end = seen > block_begin ? seen - block_begin : 0;
    return {begin, static_cast<std::uint32_t>(end < block_keys ? end : block_keys)};
  }

  struct Block {
    const std::byte *k, *v;
  };
  Block block_at(std::uint32_t block_begin) const noexcept {
    const std::size_t page_offset = args.page_table[block_begin / args.page_tokens] * args.page_stride;
    const std::size_t token = block_begin % args.page_tokens;
    return {args.k_base + page_offset + token * k_row_bytes, args.v_base + page_offset + token * v_row_bytes};
  }

  // The hardware follows rows of memory, not the page table: the next block is asked for while one is used.
  void prefetch(std::uint32_t block_begin) const noexcept {
    const Block block = block_at(block_begin);
    for (std::size_t at = 0; at < block_keys * k_row_bytes; at += 64) __builtin_prefetch(block.k + at);
    for (std::size_t at = 0; at < block_keys * v_row_bytes; at += 64) __builtin_prefetch(block.v + at);
  }

  void block(std::uint32_t block_begin) noexcept {
    const auto [k, v] = block_at(block_begin);
    std::size_t r = 0;
    while (r < n_rows) {
      const KeyRange range = range_of(r, block_begin);
      std::size_t n_same = 1;
      while (n_same < kTileRows && r + n_same < n_rows && range_of(r + n_same, block_begin) == range) ++n_same;
      if (range.begin < range.end) {
        switch (n_same) {
          case 4:
            block_rows<4>(r, k, v, range, block_begin);
            break;
          case 3:
            block_rows<3>(r, k, v, range, block_begin);
            break;
          case 2:
            block_rows<2>(r, k, v, range, block_begin);
            break;
          default:
            block_rows<1>(r, k, v, range, block_begin);
            break;
        }
      }
      r += n_same;
    }
  }

  void run() noexcept {
    // Rows are in order of their token, so the first one starts earliest and the last one ends latest.
    const std::uint64_t end = std::uint64_t{rows[n_rows - 1].last} + 1;
    for (std::uint64_t begin = rows[0].first / block_keys * block_keys; begin < end; begin += block_keys) {
      if (begin + block_keys < end) prefetch(static_cast<std::uint32_t>(begin + block_keys));
      block(static_cast<std::uint32_t>(begin));
    }
    for (std::size_t r = 0; r < n_rows; ++r) write(rows[r], values[r]);
  }

  void write(const Row& row, const float* sums) const noexcept {
    const F total = V::set1(row.sum);
    std::size_t d = 0;
    for (; d + kLanes <= args.d_head_v; d += kLanes) V::store(row.out + d, V::div(V::load(sums + d), total));
    if (d < args.d_head_v) V::store_partial(row.out + d, V::div(V::load(sums + d), total), args.d_head_v - d);
  }

  // 0 for the slots of the range, -infinity for the others.
  static F mask_bias(KeyRange range, std::size_t first_slot) noexcept {
    const F slot = V::add(V::set1(static_cast<float>(first_slot)), V::iota());
    const F hidden = V::set1(-__builtin_inff());
    const F before_end = V::select_less(slot, V::set1(static_cast<float>(range.end)), V::zero(), hidden);
    return V::select_less(slot, V::set1(static_cast<float>(range.begin)), hidden, before_end);
  }

  static float first_lane(F v) noexcept {
    float lanes[kLanes];
    V::store(lanes, v);
    return lanes[0];
  }
};

template <class V, class KvRow>
void attention(const AttentionArgs& args) noexcept {
  const std::size_t n_rows = args.n_tokens * args.n_heads;
  for (std::size_t first = 0; first < n_rows; first += kGroupRows) {
    AttentionGroup<V, KvRow> group(args);
    for (std::size_t row = first; row < n_rows && row < first + kGroupRows; ++row) {
      group.add_row(row / args.n_heads, row % args.n_heads);
    }
    group.run();
  }
}

template <class V>
void store_kv_f16(const float* x, std::size_t n, std::byte* out) noexcept {
  auto* halves = reinterpret_cast<std::uint16_t*>(out);
  std::size_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) V::store_f16(halves + i, V::load(x + i));
  if (i < n) V::store_f16_partial(halves + i, V::load_partial(x + i, n - i), n - i);
}

// The other formats are stored by the scalar tier: that is a small part of a step.
template <class V>
void fill_attention(KernelTable& table, Peak peak) noexcept {
  table.store_kv[static_cast<std::size_t>(KvType::f16)] = &store_kv_f16<V>;
  table.attention[static_cast<std::size_t>(KvType::f16)] = &attention<V, PlainRow<V, LoadF16<V>, KvType::f16>>;
  table.attention[static_cast<std::size_t>(KvType::f32)] = &attention<V, PlainRow<V, LoadF32<V>, KvType::f32>>;
  table.attention[static_cast<std::size_t>(KvType::bf16)] = &attention<V, PlainRow<V, LoadBf16<V>, KvType::bf16>>;
  table.attention[static_cast<std::size_t>(KvType::q8_0)] = &attention<V, RowQ8_0<V>>;
  table.attention_peak = peak;
}

}  // namespace
}  // namespace quern::kernels

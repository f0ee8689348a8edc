#include "kv/page_arena.hpp"

#include "base/assert.hpp"
#include "base/checked.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

namespace quern::kv {
namespace {

// Signalling NaNs (quiet bit clear) that are easy to recognize in a dump.
constexpr std::uint16_t kPoisonF16 = 0x7dad, kPoisonBf16 = 0x7fad;
constexpr std::uint32_t kPoisonF32 = 0x7fadfadb;

Status check_counts(const KvConfig& c) {
  const std::pair<const char*, std::uint32_t> counts[] = {{"n_layers", c.n_layers},
                                                          {"n_kv_heads", c.n_kv_heads},
                                                          {"d_head_k", c.d_head_k},
                                                          {"d_head_v", c.d_head_v},
                                                          {"n_pages", c.n_pages}};
  for (const auto& [name, value] : counts) {
    if (value == 0) return fail_field(std::string("kv.") + name, "must not be 0");
  }
  if (c.page_tokens < 8 || c.page_tokens > 256 || !std::has_single_bit(c.page_tokens)) {
    return fail_field("kv.page_tokens", "must be a power of two from 8 to 256, found {}", c.page_tokens);
  }
  for (const auto& [name, value] : {counts[2], counts[3]}) {
    if (value % 4 != 0) return fail_field(std::string("kv.") + name, "must be a multiple of 4, found {}", value);
  }
  // Slots (page * page_tokens + offset) are 32-bit in a step plan.
  if (c.n_pages > UINT32_MAX / c.page_tokens) {
    return fail_field("kv.n_pages", "must be at most {} for pages of {} tokens, found {}", UINT32_MAX / c.page_tokens,
                      c.page_tokens, c.n_pages);
  }
  return {};
}

// The exact number of bytes, where it fits. KvConfig's own functions multiply without looking.
std::optional<std::size_t> arena_bytes(const KvConfig& c) {
  std::optional<std::size_t> bytes = c.k_row_bytes() + c.v_row_bytes();  // of 32-bit widths
  for (const std::size_t factor :
       {std::size_t{c.page_tokens}, std::size_t{c.n_kv_heads}, std::size_t{c.n_layers}, std::size_t{c.n_pages}}) {
    if (bytes) bytes = checked_mul(*bytes, factor);
  }
  return bytes;
}

std::optional<std::size_t> states_bytes(const KvConfig& c) {
  std::optional<std::size_t> bytes = checked_mul(std::size_t{c.n_state_layers}, std::size_t{c.state_values});
  if (bytes) bytes = checked_mul(*bytes, sizeof(float));
  if (bytes) bytes = checked_mul(*bytes, std::size_t{c.n_state_pages});
  return bytes;
}

}  // namespace

Result<std::unique_ptr<PageArena>> PageArena::create(const KvConfig& config, const kernels::Topology& topology,
                                                     ByteLedger& ledger, std::uint32_t n_backed) {
  QUERN_CHECK(check_counts(config));
  const std::optional<std::size_t> bytes = arena_bytes(config);
  if (!bytes) {
    return fail_field("kv", "{} pages of {} tokens, {} layers, {} heads of {} + {} values do not fit into memory",
                      config.n_pages, config.page_tokens, config.n_layers, config.n_kv_heads, config.d_head_k,
                      config.d_head_v);
  }
  const std::optional<std::size_t> of_states = states_bytes(config);
  const std::optional<std::size_t> total = of_states ? checked_add(*bytes, *of_states) : std::nullopt;
  if (!total) {
    return fail_field("kv", "{} state pages of {} layers with {} values do not fit into memory", config.n_state_pages,
                      config.n_state_layers, config.state_values);
  }
  n_backed = std::min(n_backed, config.n_pages);
  const std::uint64_t backed = std::uint64_t{n_backed} * config.page_bytes() + *of_states;
  QUERN_TRY(ByteLedger::Reservation reservation, ledger.reserve(MemoryUse::kv_pages, backed));
  QUERN_TRY(kernels::NumaBuffer memory,
            kernels::NumaBuffer::allocate(topology, *bytes, kernels::NumaBuffer::kAllNodes));
  kernels::NumaBuffer states;
  if (*of_states > 0) {
    QUERN_TRY(states, kernels::NumaBuffer::allocate(topology, *of_states, kernels::NumaBuffer::kAllNodes));
  }
  return std::unique_ptr<PageArena>(
      new PageArena(config, std::move(memory), std::move(states), std::move(reservation), ledger, n_backed));
}

PageArena::PageArena(const KvConfig& config, kernels::NumaBuffer memory, kernels::NumaBuffer states,
                     ByteLedger::Reservation reservation, const ByteLedger& ledger, std::uint32_t n_backed)
    : config_(config),
      ledger_(ledger),
      n_backed_(n_backed),
      reservation_(std::move(reservation)),
      memory_(std::move(memory)),
      states_(std::move(states)) {}

Status PageArena::back(std::uint32_t n_pages) {
  QUERN_ASSERT(n_pages <= config_.n_pages);
  QUERN_CHECK(reservation_.resize(std::uint64_t{n_pages} * page_stride() + states_.bytes().size()));
  n_backed_.store(n_pages, std::memory_order_relaxed);
  return {};
}

void PageArena::drop(PageId first, std::uint32_t n_pages) noexcept {
  QUERN_ASSERT(first <= config_.n_pages && n_pages <= config_.n_pages - first);
  memory_.drop(first * page_stride(), n_pages * page_stride());
}

std::byte* PageArena::k_base(std::uint32_t layer, std::uint32_t kv_head) noexcept {
  QUERN_ASSERT(layer < config_.n_layers && kv_head < config_.n_kv_heads);
  const std::size_t head_bytes = config_.head_k_bytes() + config_.head_v_bytes();
  return memory_.bytes().data() + layer * config_.layer_bytes() + kv_head * head_bytes;
}

std::byte* PageArena::v_base(std::uint32_t layer, std::uint32_t kv_head) noexcept {
  return k_base(layer, kv_head) + config_.head_k_bytes();
}

float* PageArena::state(PageId state_page, std::uint32_t state_layer) noexcept {
  QUERN_ASSERT(state_page < config_.n_state_pages && state_layer < config_.n_state_layers);
  std::byte* page = states_.bytes().data() + state_page * config_.state_page_bytes();
  return reinterpret_cast<float*>(page) + state_layer * config_.state_values;
}

void PageArena::copy_page(PageId from, PageId to) noexcept {
  QUERN_ASSERT(from < config_.n_pages && to < config_.n_pages && from != to);
  std::byte* base = memory_.bytes().data();
  std::memcpy(base + to * page_stride(), base + from * page_stride(), page_stride());
  if (on_copy) on_copy(from, to);
}

void PageArena::copy_state(PageId from, PageId to) noexcept {
  std::memcpy(state(to, 0), state(from, 0), config_.state_page_bytes());
}

void PageArena::poison_state(PageId state_page) noexcept {
  const std::size_t n_values = config_.state_page_bytes() / sizeof(float);
  std::fill_n(reinterpret_cast<std::uint32_t*>(state(state_page, 0)), n_values, kPoisonF32);
}

void PageArena::poison(PageId page) noexcept {
  QUERN_ASSERT(page < config_.n_pages);
  std::byte* begin = memory_.bytes().data() + page * page_stride();
  // Integers: a signalling NaN that passes through a float register may come out quiet.
  if (config_.type == kernels::KvType::f32) {
    std::fill_n(reinterpret_cast<std::uint32_t*>(begin), page_stride() / 4, kPoisonF32);
  } else {  // of q8_0 the scales, at even addresses in rows of even length, become NaN
    const std::uint16_t bits = config_.type == kernels::KvType::bf16 ? kPoisonBf16 : kPoisonF16;
    std::fill_n(reinterpret_cast<std::uint16_t*>(begin), page_stride() / 2, bits);
  }
}

}  // namespace quern::kv

// The arena that goes with a FakeBackend: pages as many and as long as the fake's, of next to no memory each.
#pragma once

#include "base/byte_ledger.hpp"
#include "kernels/topology.hpp"
#include "kv/page_arena.hpp"
#include "tests/support/fake_backend.hpp"

#include <memory>

namespace quern::test {

// What is copied in the arena is copied in the backend.
inline auto make_fake_arena(const FakeBackendConfig& fake, FakeBackend& backend, ByteLedger& ledger,
                            std::uint32_t n_backed = UINT32_MAX) {
  const kv::KvConfig config{.n_layers = 1,
                            .n_kv_heads = 1,
                            .d_head_k = 8,
                            .d_head_v = 8,
                            .page_tokens = fake.page_tokens,
                            .n_pages = fake.n_pages};
  kernels::TopologySource machine;
  machine.synthetic = "core:2 pu:1";
  auto arena = kv::PageArena::create(config, kernels::read_topology(machine).value(), ledger, n_backed).value();
  arena->on_copy = [&backend](kv::PageId from, kv::PageId to) { backend.copy_page(from, to); };
  return arena;
}

}  // namespace quern::test

#include "kernels/numa_buffer.hpp"

#include "base/assert.hpp"
#include "base/checked.hpp"
#include "base/log.hpp"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include <hwloc.h>
#include <sys/mman.h>
#include <unistd.h>

namespace quern::kernels {
namespace {

// hwloc binds through a loaded topology. One without cores or caches is enough and loads in a millisecond; it is kept
// for the life of the process.
hwloc_topology_t binding_topology() noexcept {
  static const hwloc_topology_t loaded = [] {
    hwloc_topology_t t = nullptr;
    if (hwloc_topology_init(&t) != 0) return hwloc_topology_t{nullptr};
    if (hwloc_topology_set_all_types_filter(t, HWLOC_TYPE_FILTER_KEEP_NONE) == 0 && hwloc_topology_load(t) == 0)
      return t;
    hwloc_topology_destroy(t);
    return hwloc_topology_t{nullptr};
  }();
  return loaded;
}

// Before the first write, so that pages are made on the right node and never moved. Without HWLOC_MEMBIND_STRICT the
// kernel takes another node when the preferred one is full.
bool bind(const Topology& topology, std::byte* data, std::size_t size, std::uint32_t node) noexcept {
  const hwloc_topology_t t = binding_topology();
  const std::unique_ptr<hwloc_bitmap_s, decltype(&hwloc_bitmap_free)> set(hwloc_bitmap_alloc(), &hwloc_bitmap_free);
  if (t == nullptr || set == nullptr) return false;
  if (node == NumaBuffer::kAllNodes) {
    for (const NumaNode& each : topology.nodes) hwloc_bitmap_set(set.get(), each.os_node);
  } else {
    hwloc_bitmap_set(set.get(), topology.nodes[node].os_node);
  }
  const auto policy = node == NumaBuffer::kAllNodes ? HWLOC_MEMBIND_INTERLEAVE : HWLOC_MEMBIND_BIND;
  return hwloc_set_area_membind(t, data, size, set.get(), policy, HWLOC_MEMBIND_BYNODESET) == 0;
}

void bind_or_warn(const Topology& topology, std::byte* data, std::size_t size, std::uint32_t node) {
  if (!topology.bindable || topology.nodes.size() < 2 || node == NumaBuffer::kAnyNode) return;
  if (bind(topology, data, size, node)) return;
  const int code = errno;
  static std::atomic<bool> warned{false};
  if (!warned.exchange(true, std::memory_order_relaxed)) {
    log::warn(
        "cannot bind memory to a NUMA node: {} (containers often forbid mbind); memory stays where it is first used",
        std::strerror(code));
  }
}

// Maps `size` bytes (a multiple of the page size) aligned to `alignment` by mapping more and cutting off both ends.
std::byte* map_aligned(std::size_t size, std::size_t alignment, std::size_t page) noexcept {
  const std::optional<std::size_t> padded = checked_add(size, alignment > page ? alignment : std::size_t{0});
  if (!padded) {
    errno = ENOMEM;
    return nullptr;
  }
  void* map = ::mmap(nullptr, *padded, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map == MAP_FAILED) return nullptr;
  auto* begin = static_cast<std::byte*>(map);
  const std::size_t misaligned = reinterpret_cast<std::uintptr_t>(begin) % alignment;
  const std::size_t head = alignment > page && misaligned != 0 ? alignment - misaligned : 0;
  const std::size_t tail = *padded - head - size;
  if (head > 0) ::munmap(begin, head);
  if (tail > 0) ::munmap(begin + head + size, tail);
  return begin + head;
}

}  // namespace

Result<NumaBuffer> NumaBuffer::allocate(const Topology& topology, std::size_t size_bytes, std::uint32_t node) {
  QUERN_ASSERT(node == kAnyNode || node == kAllNodes || node < topology.nodes.size());
  NumaBuffer out;
  if (size_bytes == 0) return out;
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const bool huge = size_bytes >= kHugePage;
  const std::optional<std::size_t> mapped = checked_round_up(size_bytes, page);
  std::byte* data = mapped ? map_aligned(*mapped, huge ? kHugePage : page, page) : nullptr;
  if (data == nullptr) {
    return fail(Errc::io, "cannot allocate {} bytes: {}", size_bytes, std::strerror(mapped ? errno : ENOMEM));
  }
  out.data_ = data;
  out.size_ = size_bytes;
  out.mapped_ = *mapped;
  if (huge) ::madvise(data, *mapped, MADV_HUGEPAGE);  // a hint: kernels without huge pages refuse it, which is fine
  bind_or_warn(topology, data, *mapped, node);
  return out;
}

NumaBuffer::NumaBuffer(NumaBuffer&& other) noexcept {
  *this = std::move(other);
}

NumaBuffer& NumaBuffer::operator=(NumaBuffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(mapped_, other.mapped_);
  return *this;
}

void NumaBuffer::drop(std::size_t offset, std::size_t size) noexcept {
  QUERN_ASSERT(offset <= size_ && size <= size_ - offset);
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t begin = (offset + page - 1) / page * page, end = (offset + size) / page * page;
  if (begin < end) ::madvise(data_ + begin, end - begin, MADV_DONTNEED);  // of our own mapping: it cannot fail
}

NumaBuffer::~NumaBuffer() {
  if (data_ != nullptr) ::munmap(data_, mapped_);
}

std::vector<Range> split_rows(std::size_t n_rows, std::size_t granularity, const CorePool& pool) {
  std::vector<Range> rows;
  rows.reserve(pool.n_workers());
  for (std::uint32_t w = 0; w < pool.n_workers(); ++w) {  // workers of one node have neighbouring ids
    rows.push_back(share_of(n_rows, granularity, w, pool.n_workers()));
  }
  return rows;
}

Result<PlacedRows> PlacedRows::create(const std::byte* matrix, std::size_t n_rows, std::size_t row_bytes,
                                      std::size_t granularity, const CorePool& pool, const Topology& topology) {
  PlacedRows out;
  out.rows_.assign(pool.n_nodes(), Range{0, 0});
  out.base_.assign(pool.n_nodes(), matrix);
  const std::vector<Range> by_worker = split_rows(n_rows, granularity, pool);
  for (std::uint32_t w = 0; w < pool.n_workers(); ++w) {
    Range& rows = out.rows_[pool.node_of(w)];
    rows = rows.begin == rows.end ? by_worker[w] : Range{rows.begin, by_worker[w].end};
  }
  if (pool.n_nodes() < 2) return out;
  for (std::uint32_t node = 0; node < pool.n_nodes(); ++node) {
    const Range rows = out.rows_[node];
    const std::size_t offset = rows.begin * row_bytes, size = (rows.end - rows.begin) * row_bytes;
    QUERN_TRY(NumaBuffer copy, NumaBuffer::allocate(topology, size, node));
    if (size > 0) {
      std::memcpy(copy.bytes().data(), matrix + offset, size);
      // Where row 0 would be. As an integer: a pointer in front of its buffer is undefined, its later use is not.
      const auto base = reinterpret_cast<std::uintptr_t>(copy.bytes().data()) - offset;
      out.base_[node] = reinterpret_cast<const std::byte*>(base);
    }
    out.copies_.push_back(std::move(copy));
  }
  return out;
}

std::size_t PlacedRows::copied_bytes() const noexcept {
  std::size_t bytes = 0;
  for (const NumaBuffer& copy : copies_) bytes += copy.bytes().size();
  return bytes;
}

}  // namespace quern::kernels

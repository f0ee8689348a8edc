#include "engine/weight_packer.hpp"

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>

namespace quern::engine {

namespace {

constexpr std::size_t kRows = kernels::kPackedGroupRows;

// Of the file, packed by a thread at once: many for each core, few system calls for each.
constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

std::size_t groups_of(std::size_t n_rows) noexcept {
  return (n_rows + kRows - 1) / kRows;
}

}  // namespace

void set_arithmetic(ModelWeights& weights, Arithmetic arithmetic) noexcept {
  if (arithmetic == Arithmetic::automatic) return;
  weights.for_each_matrix([&](Matrix& matrix) { matrix.coarse = arithmetic == Arithmetic::fast; });
}

bool can_pack(const kernels::KernelTable& kernels, kernels::TensorType type, std::size_t n_rows) noexcept {
  return kernels.layout[static_cast<std::size_t>(type)].pack != nullptr && groups_of(n_rows) * kRows * 8 <= n_rows * 9;
}

std::uint64_t packed_bytes(const gguf::GgufFile& file, const kernels::KernelTable& kernels) noexcept {
  std::uint64_t out = 0;
  for (const gguf::Tensor& tensor : file.tensors()) {
    const std::uint64_t n_rows = tensor.n_dims > 1 && tensor.dims[0] > 0 ? tensor.n_values() / tensor.dims[0] : 0;
    out += can_pack(kernels, tensor.type, n_rows) && n_rows > 0
               ? groups_of(n_rows) * kernels.layout[static_cast<std::size_t>(tensor.type)].group_bytes(tensor.dims[0])
               : tensor.data.size();
  }
  return out;
}

WeightPacker::WeightPacker(ModelWeights& weights, const kernels::KernelTable& kernels, const kernels::CorePool& pool)
    : kernels_(kernels), pool_(pool), node_bytes_(pool.n_nodes()) {
  weights.for_each_matrix([this](Matrix& matrix) {
    if (can_pack(kernels_, matrix.format->type, matrix.n_rows)) add(matrix);
  });
}

void WeightPacker::add(Matrix& matrix) {
  const std::size_t group_bytes = kernels_.layout[matrix.type_index()].group_bytes(matrix.n_cols);
  for (std::uint32_t worker = 0; worker < pool_.n_workers();) {
    // The rows of a node's workers follow each other.
    const std::uint32_t node = pool_.node_of(worker), first = worker;
    while (worker < pool_.n_workers() && pool_.node_of(worker) == node) ++worker;
    const kernels::Range groups{matrix.worker_rows[first].begin / kRows, groups_of(matrix.worker_rows[worker - 1].end)};
    if (groups.begin >= groups.end) continue;
    parts_.push_back({&matrix, node, groups, node_bytes_[node]});
    node_bytes_[node] += (groups.end - groups.begin) * group_bytes;
    packed_bytes_ += (groups.end - groups.begin) * group_bytes;
  }
  source_bytes_ += matrix.n_rows * matrix.row_bytes;
}

void WeightPacker::pack_part(const Part& part, kernels::Range groups, const gguf::GgufFile& file,
                             std::byte* to) const noexcept {
  const Matrix& m = *part.matrix;
  kernels_.layout[m.type_index()].pack(m.file_base, m.row_bytes, m.n_rows, m.n_cols, groups.begin, groups.end, to);
  const std::size_t begin = groups.begin * kRows, end = std::min(groups.end * kRows, m.n_rows);
  file.drop({m.file_base + begin * m.row_bytes, (end - begin) * m.row_bytes});
}

Status WeightPacker::pack(const gguf::GgufFile& file, const kernels::Topology& topology, WeightStore& store) {
  for (std::uint32_t node = 0; node < node_bytes_.size(); ++node) {
    const std::uint32_t place = node_bytes_.size() == 1 ? kernels::NumaBuffer::kAnyNode : node;
    QUERN_TRY(kernels::NumaBuffer buffer, kernels::NumaBuffer::allocate(topology, node_bytes_[node], place));
    store.packed.push_back(std::move(buffer));
  }
  struct Piece {
    const Part* part;
    kernels::Range groups;
  };
  std::vector<Piece> pieces;
  for (const Part& part : parts_) {
    const std::size_t n = std::max<std::size_t>(1, kPieceBytes / (kRows * part.matrix->row_bytes));
    for (std::size_t g = part.groups.begin; g < part.groups.end; g += n) {
      pieces.push_back({&part, {g, std::min(g + n, part.groups.end)}});
    }
  }
  const auto group_bytes = [this](const Part& part) {
    return kernels_.layout[part.matrix->type_index()].group_bytes(part.matrix->n_cols);
  };
  std::atomic<std::size_t> next{0};
  const auto work = [&]() noexcept {
    for (std::size_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < pieces.size();) {
      const Part& part = *pieces[i].part;
      std::byte* const to = store.packed[part.node].bytes().data() + part.offset +
                            (pieces[i].groups.begin - part.groups.begin) * group_bytes(part);
      pack_part(part, pieces[i].groups, file, to);
    }
  };
  {
    std::vector<std::jthread> helpers;
    try {
      for (std::uint32_t i = 1; i < pool_.n_workers() && i < pieces.size(); ++i) helpers.emplace_back(work);
    } catch (const std::system_error&) {
      // With fewer threads it takes longer.
    }
    work();
  }
  for (const Part& part : parts_) {
    Matrix& matrix = *part.matrix;
    matrix.packed_group_bytes = group_bytes(part);
    const std::byte* const base =
        store.packed[part.node].bytes().data() + part.offset - part.groups.begin * matrix.packed_group_bytes;
    for (std::uint32_t w = 0; w < pool_.n_workers(); ++w) {
      if (pool_.node_of(w) == part.node) matrix.worker_base[w] = base;
    }
  }
  return {};
}

}  // namespace quern::engine

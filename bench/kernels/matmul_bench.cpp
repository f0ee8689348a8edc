// Matrix products of every tier on one thread, beside the roofs of this machine.
//   <role>/<tier>/<type>/<rows>x<cols>/<tokens>: bytes of weights per second (GB/s, and percent of the read roof) and
//   multiply-adds (GFLOP/s, and percent of the peak of the instruction that the kernel is made of). _coarse roles are
//   listed where a tier has kernels of their own for them. packed_exact, packed_fast: of packed weights, whatever the
//   role.
// Weights rotate over copies larger than the last-level cache, as the layers of a model do. Results are compared with
// the scalar tier before any time is taken.
#include "bench/kernels/roofs.hpp"
#include "kernels/cpu/isa.hpp"
#include "kernels/quant/quant_format.hpp"
#include "tests/support/kernel_data.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

namespace quern::bench {

namespace {

using kernels::KernelTable;
using kernels::MatmulArgs;
using kernels::MatmulKernel;
using kernels::QuantFormat;
using kernels::Role;

struct Shape {
  std::size_t rows, cols;
};
// The attention and FFN matrices of a 1.1B llama.
constexpr Shape kShapes[] = {{2048, 2048}, {2048, 5632}, {5632, 2048}};
constexpr std::size_t kColdBytes = std::size_t{64} << 20;
constexpr const char* kTypes[] = {"f32",  "f16",  "bf16",   "q8_0",  "q4_0",   "q4_k",
                                  "q5_k", "q6_k", "iq4_xs", "iq1_m", "iq2_xs", "iq3_s"};

struct Matrix {
  std::vector<std::uint8_t> bytes;  // [copies, rows, row_bytes]
  std::size_t copies, row_bytes;
};

// The same 16 random rows over and over: the speed does not depend on the values.
Matrix make_matrix(const QuantFormat& format, Shape shape) {
  Matrix m{.bytes = {}, .copies = 0, .row_bytes = format.row_bytes(shape.cols)};
  const std::size_t matrix_bytes = m.row_bytes * shape.rows;
  m.copies = std::max<std::size_t>(1, kColdBytes / matrix_bytes);
  m.bytes.resize(m.copies * matrix_bytes);
  for (std::size_t r = 0; r < 16; ++r) {
    const auto row = test::random_row(format, shape.cols, r);
    for (std::size_t at = r; at < m.copies * shape.rows; at += 16) {
      std::copy(row.begin(), row.end(), m.bytes.begin() + static_cast<std::ptrdiff_t>(at * m.row_bytes));
    }
  }
  return m;
}

struct alignas(64) Line {
  std::byte bytes[64];
};

// The same in the tier's layout.
struct Packed {
  std::vector<Line> lines;
  std::size_t group_bytes = 0, matrix_bytes = 0;
};

Packed pack(const Matrix& m, Shape shape, const kernels::PackedLayout& layout) {
  Packed out;
  const std::size_t n_groups = (shape.rows + kernels::kPackedGroupRows - 1) / kernels::kPackedGroupRows;
  out.group_bytes = layout.group_bytes(shape.cols);
  out.matrix_bytes = n_groups * out.group_bytes;
  out.lines.resize(m.copies * out.matrix_bytes / sizeof(Line));
  for (std::size_t copy = 0; copy < m.copies; ++copy) {
    layout.pack(reinterpret_cast<const std::byte*>(m.bytes.data()) + copy * shape.rows * m.row_bytes, m.row_bytes,
                shape.rows, shape.cols, 0, n_groups, out.lines.front().bytes + copy * out.matrix_bytes);
  }
  return out;
}

MatmulArgs arguments(const Matrix& m, Shape shape, const std::vector<Line>& x, std::size_t x_row_bytes,
                     std::size_t n_tokens, std::vector<float>& y) {
  return {.w = reinterpret_cast<const std::byte*>(m.bytes.data()),
          .row_bytes = m.row_bytes,
          .row_begin = 0,
          .row_end = shape.rows,
          .n_cols = shape.cols,
          .x = x.front().bytes,
          .x_row_bytes = x_row_bytes,
          .n_tokens = n_tokens,
          .y = y.data(),
          .y_stride = shape.rows};
}

std::vector<Line> prepared(const MatmulKernel& kernel, const std::vector<float>& x, Shape shape, std::size_t n_tokens) {
  std::vector<Line> out((n_tokens * kernel.prepared_row_bytes(shape.cols) + 63) / 64);
  kernel.prepare(x.data(), n_tokens, shape.cols, out.front().bytes);
  return out;
}

// The first rows against the scalar tier.
void require_correct(const MatmulKernel& kernel, const char* isa, double limit, const QuantFormat& format,
                     MatmulArgs args, const std::vector<float>& x, const Matrix& m, Shape shape) {
  args.row_end = std::min<std::size_t>(args.row_end, 16);
  std::vector<float> got(args.n_tokens * args.y_stride), want(got.size());
  const auto type = static_cast<std::size_t>(format.type);
  args.y = got.data();
  kernel.run(args);
  const MatmulKernel& oracle = kernels::select_tier("scalar").value()->matmul[0][type];
  const std::vector<Line> plain = prepared(oracle, x, shape, args.n_tokens);
  args.x = plain.front().bytes;
  args.x_row_bytes = oracle.prepared_row_bytes(shape.cols);
  args.y = want.data();
  args.w = reinterpret_cast<const std::byte*>(m.bytes.data());
  args.row_bytes = m.row_bytes;
  oracle.run(args);
  if (!(test::nmse(got, want) < limit)) {
    fmt::print(stderr, "{} {}: wrong result, not measured\n", isa, format.name);
    std::exit(1);
  }
}

bool is_coarse(Role role) {
  return role == Role::prefill_coarse || role == Role::decode_coarse;
}

struct RoleCase {
  Role role, same_as;  // not listed where its kernel is that of same_as
  const char* name;
  bool packed;
  std::vector<std::size_t> n_tokens;
};

const MatmulKernel& kernel_of(const KernelTable& table, Role role, bool packed, const QuantFormat& format) {
  const auto& kernels = packed ? table.packed : table.matmul;
  return kernels[static_cast<std::size_t>(role)][static_cast<std::size_t>(format.type)];
}

void run_product(benchmark::State& state, const KernelTable& table, Role role, bool is_packed,
                 const QuantFormat& format, Shape shape, std::size_t n_tokens) {
  const MatmulKernel& kernel = kernel_of(table, role, is_packed, format);
  const Matrix m = make_matrix(format, shape);
  Packed packed;
  if (is_packed) packed = pack(m, shape, table.layout[static_cast<std::size_t>(format.type)]);
  const std::vector<float> x = test::random_floats(n_tokens * shape.cols, 1);
  const std::vector<Line> rows = prepared(kernel, x, shape, n_tokens);
  std::vector<float> y(n_tokens * shape.rows);
  MatmulArgs args = arguments(m, shape, rows, kernel.prepared_row_bytes(shape.cols), n_tokens, y);
  if (is_packed) {
    args.w = packed.lines.front().bytes;
    args.row_bytes = packed.group_bytes;
  }
  const std::byte* const first = args.w;
  const std::size_t matrix_bytes = is_packed ? packed.matrix_bytes : shape.rows * m.row_bytes;
  require_correct(kernel, table.isa, is_coarse(role) ? 4e-4 : 1e-7, format, args, x, m, shape);
  std::size_t copy = 0;
  for (auto _ : state) {
    args.w = first + copy * matrix_bytes;
    kernel.run(args);
    benchmark::ClobberMemory();
    copy = (copy + 1) % m.copies;
  }
  using benchmark::Counter;
  const double runs = static_cast<double>(state.iterations());
  const double gigabytes = runs * static_cast<double>(matrix_bytes) / 1e9;
  const double gflop = runs * 2e-9 * static_cast<double>(shape.rows * shape.cols * n_tokens);
  state.counters["GB/s"] = Counter(gigabytes, Counter::kIsRate);
  state.counters["%read"] = Counter(100 * gigabytes / read_roof_gb_per_s(), Counter::kIsRate);
  state.counters["GFLOP/s"] = Counter(gflop, Counter::kIsRate);
  if (const double peak = peak_gop_per_s(kernel.peak); peak > 0) {
    state.counters["%peak"] = Counter(100 * gflop * kernel.passes / peak, Counter::kIsRate);
  }
}

void register_type(const kernels::Tier& tier, const RoleCase& c, const QuantFormat& format) {
  const KernelTable& table = tier.table();
  const MatmulKernel& kernel = kernel_of(table, c.role, c.packed, format);
  if (kernel.run == nullptr) return;
  if (c.role != c.same_as && kernel.run == kernel_of(table, c.same_as, c.packed, format).run) return;
  for (const Shape shape : kShapes) {
    for (const std::size_t n_tokens : c.n_tokens) {
      const std::string name =
          fmt::format("{}/{}/{}/{}x{}/{}", c.name, tier.isa, format.name, shape.rows, shape.cols, n_tokens);
      benchmark::RegisterBenchmark(name.c_str(), [&table, &format, role = c.role, packed = c.packed, shape,
                                                  n_tokens](benchmark::State& state) {
        run_product(state, table, role, packed, format, shape, n_tokens);
      })->Unit(benchmark::kMicrosecond);
    }
  }
}

void register_all() {
  const std::vector<std::size_t> decode{1, 2, 4, 8, 16, 32, 64}, prefill{64, 256, 512}, both{1, 2, 4, 8, 16, 64, 512};
  const RoleCase roles[] = {{Role::decode, Role::decode, "decode", false, decode},
                            {Role::decode_coarse, Role::decode, "decode_coarse", false, decode},
                            {Role::prefill, Role::prefill, "prefill", false, prefill},
                            {Role::prefill_coarse, Role::prefill, "prefill_coarse", false, prefill},
                            {Role::decode, Role::decode, "packed_exact", true, both},
                            {Role::decode_coarse, Role::decode_coarse, "packed_fast", true, both}};
  for (const kernels::Tier& tier : kernels::tiers()) {
    if (!tier.supported() || std::string_view(tier.isa) == "scalar") continue;
    for (const char* type : kTypes) {
      for (const RoleCase& role : roles) register_type(tier, role, *kernels::find_format(type));
    }
  }
}

}  // namespace
}  // namespace quern::bench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  fmt::print("one thread reads {:.1f} GB/s\n", quern::bench::read_roof_gb_per_s());
  for (const quern::kernels::PeakLoop& loop : quern::kernels::peak_loops()) {
    if (loop.supported()) fmt::print("{}: {:.1f} Gop/s\n", loop.name, quern::bench::peak_gop_per_s(loop.peak));
  }
  quern::bench::register_all();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

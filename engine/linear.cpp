#include "engine/linear.hpp"

#include <algorithm>

namespace quern::engine {

namespace {

// Matrix rows that decode and prefill rows of a mixed step visit together, so that the second visit finds them in
// cache: half of the smallest L2 that is common. Large blocks, since a kernel may arrange its tokens anew for each.
constexpr std::size_t kMixedBlockBytes = 256 << 10, kMixedBlockRowsMin = 64;

// So few rows are streamed through any kernel: pieces of the matrix can be small.
constexpr std::uint32_t kFewRows = 32, kFewRowsPiece = 64;

// Input rows [rows.begin, rows.end), all of one role.
void run_role(const Matrix& matrix, const kernels::MatmulKernel& kernel, const std::byte* x, const std::byte* base,
              kernels::Range matrix_rows, kernels::Range rows, float* y, std::size_t y_stride) noexcept {
  if (rows.begin == rows.end || matrix_rows.begin == matrix_rows.end) return;
  const std::size_t x_row_bytes = kernel.prepared_row_bytes(matrix.n_cols);
  kernel.run({.w = base,
              .row_bytes = matrix.packed() ? matrix.packed_group_bytes : matrix.row_bytes,
              .row_begin = matrix_rows.begin,
              .row_end = matrix_rows.end,
              .n_cols = matrix.n_cols,
              .x = x,
              .x_row_bytes = x_row_bytes,
              .n_tokens = rows.end - rows.begin,
              .y = y + rows.begin * y_stride,
              .y_stride = y_stride});
}

// Where input row `row` lies. Decode rows come first, each in the decode kernel's size.
std::byte* prepared_row(const Input& input, std::size_t row) noexcept {
  const std::size_t decode_rows = std::min<std::size_t>(row, input.n_decode_rows);
  return input.data + decode_rows * input.decode->prepared_row_bytes(input.n_cols) +
         (row - decode_rows) * input.prefill->prepared_row_bytes(input.n_cols);
}

const kernels::MatmulKernel& kernel_of(const Matrix& matrix, const kernels::KernelTable& kernels,
                                       kernels::Role role) noexcept {
  const auto& table = matrix.packed() ? kernels.packed : kernels.matmul;
  return table[static_cast<std::size_t>(role)][matrix.type_index()];
}

}  // namespace

const kernels::MatmulKernel& decode_kernel(const Matrix& matrix, const kernels::KernelTable& kernels) noexcept {
  return kernel_of(matrix, kernels, matrix.coarse ? kernels::Role::decode_coarse : kernels::Role::decode);
}
const kernels::MatmulKernel& prefill_kernel(const Matrix& matrix, const kernels::KernelTable& kernels) noexcept {
  return kernel_of(matrix, kernels, matrix.coarse ? kernels::Role::prefill_coarse : kernels::Role::prefill);
}

Input input_for(const Matrix& matrix, const kernels::KernelTable& kernels, std::uint32_t n_rows,
                std::uint32_t n_decode_rows, std::byte* data) noexcept {
  return {.decode = &decode_kernel(matrix, kernels),
          .prefill = &prefill_kernel(matrix, kernels),
          .n_cols = matrix.n_cols,
          .n_rows = n_rows,
          .n_decode_rows = n_decode_rows,
          .data = data};
}

std::size_t prepared_row_bytes(const Matrix& matrix, const kernels::KernelTable& kernels) noexcept {
  return std::max(decode_kernel(matrix, kernels).prepared_row_bytes(matrix.n_cols),
                  prefill_kernel(matrix, kernels).prepared_row_bytes(matrix.n_cols));
}

void convert(const Input& input, const float* x, kernels::Range rows) noexcept {
  const std::size_t border = std::clamp<std::size_t>(input.n_decode_rows, rows.begin, rows.end);
  if (rows.begin < border) {
    input.decode->prepare(x + rows.begin * input.n_cols, border - rows.begin, input.n_cols,
                          prepared_row(input, rows.begin));
  }
  if (border < rows.end) {
    input.prefill->prepare(x + border * input.n_cols, rows.end - border, input.n_cols, prepared_row(input, border));
  }
}

std::size_t piece_rows(const Input& input) noexcept {
  return input.n_rows > kFewRows ? input.prefill->piece_rows : std::min(input.prefill->piece_rows, kFewRowsPiece);
}

void multiply(const Matrix& matrix, const Input& input, std::uint32_t owner, kernels::Range rows, float* y,
              std::size_t y_stride) noexcept {
  const std::byte* base = matrix.worker_base[owner];
  const kernels::Range decode_rows{0, input.n_decode_rows}, prefill_rows{input.n_decode_rows, input.n_rows};
  if (input.one_kernel()) {
    run_role(matrix, *input.prefill, input.data, base, rows, {0, input.n_rows}, y, y_stride);
    return;
  }
  const std::size_t block_rows =
      std::max(kMixedBlockBytes * matrix.n_rows / matrix.stored_bytes() / 32 * 32, kMixedBlockRowsMin);
  for (std::size_t r = rows.begin; r < rows.end; r += block_rows) {
    const kernels::Range block{r, std::min(r + block_rows, rows.end)};
    run_role(matrix, *input.decode, input.data, base, block, decode_rows, y, y_stride);
    run_role(matrix, *input.prefill, prepared_row(input, prefill_rows.begin), base, block, prefill_rows, y, y_stride);
  }
}

}  // namespace quern::engine

// Matrix products over the rows of a step. Activations are first converted to the form that the matrix's kernel wants
// (its "prepared" rows); matrices whose kernels want the same form share one conversion.
// Decode rows come first and may use another arithmetic than prefill rows (kernels::Role).
// Threads: convert() and multiply() run inside CorePool::run, each worker on its own share. Nothing allocates.
#pragma once

#include "engine/weights.hpp"
#include "kernels/core_pool.hpp"
#include "kernels/kernel_table.hpp"

#include <cstddef>
#include <span>

namespace quern::engine {

// The arithmetic that decode and prefill rows get from a matrix.
const kernels::MatmulKernel& decode_kernel(const Matrix& matrix, const kernels::KernelTable& kernels) noexcept;
const kernels::MatmulKernel& prefill_kernel(const Matrix& matrix, const kernels::KernelTable& kernels) noexcept;

// The prepared rows that one matrix reads.
struct Input {
  const kernels::MatmulKernel* decode = nullptr;
  const kernels::MatmulKernel* prefill = nullptr;
  std::size_t n_cols = 0;
  std::uint32_t n_rows = 0, n_decode_rows = 0;
  std::byte* data = nullptr;  // decode rows, then prefill rows

  bool one_kernel() const noexcept { return decode->run == prefill->run && decode->prepare == prefill->prepare; }
  bool same_form(const Input& other) const noexcept {
    return decode->prepare == other.decode->prepare && prefill->prepare == other.prefill->prepare;
  }
};

Input input_for(const Matrix& matrix, const kernels::KernelTable& kernels, std::uint32_t n_rows,
                std::uint32_t n_decode_rows, std::byte* data) noexcept;

// The most bytes a prepared row of this matrix can take, over both roles.
std::size_t prepared_row_bytes(const Matrix& matrix, const kernels::KernelTable& kernels) noexcept;

// Converts rows [rows.begin, rows.end) of x[n_rows, n_cols].
void convert(const Input& input, const float* x, kernels::Range rows) noexcept;

// y[t, r] = W x for all rows t of the input and rows r of the matrix, which are some of worker owner's. y_stride in
// floats.
void multiply(const Matrix& matrix, const Input& input, std::uint32_t owner, kernels::Range rows, float* y,
              std::size_t y_stride) noexcept;
// Rows of the matrix that one multiply() should have at least.
std::size_t piece_rows(const Input& input) noexcept;

}  // namespace quern::engine

// Which weight rows are worked on at once where weights are streamed from memory: rows that lie far apart, so that each
// of them walks through a long stretch of memory of its own. Four such streams bring one core of an AMD EPYC (Zen 3) 28
// to 35 GB/s, neighbouring rows (one stream, in effect) 17 to 21; q8_0, one token: 22 instead of 12 GB/s.
#pragma once

#include <cstddef>

namespace quern::kernels {
namespace {

// together(row, stride): rows row, row + stride, .. row + (kRows - 1) * stride. alone(row): the few that are left.
template <std::size_t kRows, class Together, class Alone>
void for_row_streams(std::size_t begin, std::size_t end, Together together, Alone alone) noexcept {
  const std::size_t stride = (end - begin) / kRows;
  for (std::size_t row = begin; row < begin + stride; ++row) together(row, stride);
  for (std::size_t row = begin + kRows * stride; row < end; ++row) alone(row);
}

}  // namespace
}  // namespace quern::kernels

// The codebooks of the iq1, iq2 and iq3 formats: an index stands for a point of 8 (iq1, iq2) or 4 (iq3) small integers.
// Signs and scales are stored beside the index. Value j of point i is grid.points[i][j].
// The vector kernels load whole points, so the tables are expanded: 33 KiB in all, 16 of them for iq1.
// Source: GGUF, tables of ggml-common.h (iq1s_grid, iq2xxs_grid and so on): part of the file format.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

template <std::size_t kPoints, std::size_t kValues>
struct IqGrid {
  alignas(64) std::int8_t points[kPoints][kValues];
};

extern const IqGrid<2048, 8> kGridIq1;    // in eighths: -8, 0, 8; the formats move each point by one eighth
extern const IqGrid<256, 8> kGridIq2Xxs;  // 8, 25, 43, as in the next two
extern const IqGrid<512, 8> kGridIq2Xs;
extern const IqGrid<1024, 8> kGridIq2S;
extern const IqGrid<256, 4> kGridIq3Xxs;  // 4, 12, 20, 28, 36, 44, 52, 62
extern const IqGrid<512, 4> kGridIq3S;    // 1, 3, 5, 7, 9, 11, 13, 15

}  // namespace quern::kernels

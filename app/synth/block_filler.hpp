// Random weights made directly as blocks of a tensor type, without quantizing anything: every byte random, then the
// scales of each block set. Values decoded from the blocks have mean 0 and the wanted standard deviation.
// A new tensor type is one row in block_filler.cpp: its scale fields, nothing else.
// Threads: pure functions over the caller's buffers.
#pragma once

#include "app/synth/random_bytes.hpp"
#include "base/result.hpp"
#include "kernels/quant/quant_format.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace quern::app {

struct BlockFiller {
  kernels::TensorType type;
  std::int32_t file_type;  // general.file_type of a model in this type; -1: it has none
  // Turns block_bytes random bytes into a block whose values are proportional to `scale` > 0. The random bits found
  // where the scale goes choose its sign (a code's range is rarely symmetric) and its share within a few percent.
  void (*finish)(std::byte* block, float scale) noexcept;
};

std::span<const BlockFiller> block_fillers() noexcept;
// nullptr: no such row.
const BlockFiller* find_filler(kernels::TensorType type) noexcept;

// The standard deviation of decoded values at scale 1, measured over 2^18 of them.
// REQUIRES: the type has a decoder.
double unit_stddev(const BlockFiller& filler);

// REQUIRES: whole blocks.
void fill_blocks(const BlockFiller& filler, float scale, RandomBytes& random, std::span<std::byte> blocks) noexcept;

}  // namespace quern::app
